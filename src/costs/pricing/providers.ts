/**
 * The one table of provider names: the price book's own ids, and what OpenTelemetry's GenAI conventions, LiteLLM and
 * the common client libraries call the same provider. A name that is not here is unknown, however similar it looks:
 * `acme-openai-proxy` sells at its own prices.
 */
const SPELLINGS: Record<string, readonly string[]> = {
  anthropic: ['anthropic_text', 'anthropic.messages'],
  arcee: ['arcee_ai'],
  avian: [],
  aws: [
    'aws.bedrock',
    'aws_bedrock',
    'bedrock',
    'bedrock_converse',
    'bedrock_mantle',
    'amazon',
    'amazon_bedrock',
    'amazon_nova',
  ],
  azure: [
    'azure.ai.openai',
    'azure.ai.inference',
    'az.ai.openai',
    'az.ai.inference',
    'azure_ai',
    'azure_openai',
    'azure_text',
    'azure_anthropic',
    'azure_foundry',
    'microsoft.azure',
  ],
  baseten: [],
  cerebras: ['cerebras_ai'],
  cloudflare: ['cloudflare_workers_ai', 'workers_ai'],
  cohere: ['cohere_chat', 'cohere_ai'],
  cursor: [],
  deepseek: ['deepseek_ai', 'deep_seek'],
  doubleword: [],
  fireworks: ['fireworks_ai', 'fireworks_ai-embedding-models'],
  'github-copilot': ['github_copilot_chat'],
  google: [
    'gcp',
    'gcp.gemini',
    'gcp.gen_ai',
    'gcp.vertex_ai',
    'gemini',
    'gemini_enterprise',
    'google_ai',
    'google_ai_studio',
    'google_cloud',
    'google_gemini',
    'google_genai',
    'google_gla',
    'google_generative_ai',
    'google_vertex',
    'google_vertex_ai',
    'google_vertex_anthropic',
    'google_vertexai',
    'vertex',
    'vertexai',
    'vertex_ai',
    'vertex_ai_beta',
    'vertex_ai-ai21_models',
    'vertex_ai-anthropic_models',
    'vertex_ai-chat-models',
    'vertex_ai-code-chat-models',
    'vertex_ai-code-text-models',
    'vertex_ai-deepseek_models',
    'vertex_ai-embedding-models',
    'vertex_ai-image-models',
    'vertex_ai-language-models',
    'vertex_ai-llama_models',
    'vertex_ai-minimax_models',
    'vertex_ai-mistral_models',
    'vertex_ai-moonshot_models',
    'vertex_ai-openai_models',
    'vertex_ai-qwen_models',
    'vertex_ai-text-models',
    'vertex_ai-video-models',
    'vertex_ai-vision-models',
    'vertex_ai-xai_models',
    'vertex_ai-zai_models',
  ],
  groq: ['groq_ai', 'groqcloud'],
  huggingface_cerebras: [],
  'huggingface_fireworks-ai': ['huggingface_fireworks'],
  huggingface_groq: [],
  huggingface_hyperbolic: [],
  huggingface_nebius: [],
  huggingface_novita: [],
  huggingface_nscale: [],
  huggingface_ovhcloud: [],
  huggingface_publicai: [],
  huggingface_sambanova: [],
  huggingface_together: [],
  minimax: ['minimax_ai'],
  mistral: ['mistral_ai', 'mistralai', 'codestral', 'text-completion-codestral'],
  modal: [],
  moonshotai: ['moonshot', 'moonshot_ai', 'kimi'],
  novita: ['novita_ai'],
  openai: [
    'open_ai',
    'openai_chat',
    'openai_compatible_responses',
    'openai_responses',
    'chatgpt',
    'text-completion-openai',
  ],
  openrouter: ['open_router'],
  ovhcloud: ['ovh'],
  perplexity: ['perplexity_ai', 'pplx'],
  quicksilverpro: [],
  together: ['together_ai', 'togetherai'],
  typesafe: [],
  voyageai: ['voyage', 'voyage_ai'],
  'x-ai': ['xai', 'x_ai', 'grok'],
  zai: ['z_ai'],
  zhipuai: ['zhipu', 'zhipu_ai', 'bigmodel'],
};

/** Gateways that name the provider in the model instead: `litellm` + `groq/llama-3.3-70b-versatile`. */
const GATEWAYS = new Set(['litellm', 'litellm-proxy']);

const bookIds = new Map(
  Object.entries(SPELLINGS).flatMap(([id, spellings]) =>
    [id, ...spellings].map((spelling) => [foldProvider(spelling), id] as const),
  ),
);

/** The form in which provider names are compared: lower case, runs of other characters as one `-` (`X_AI` → `x-ai`). */
export function foldProvider(provider: string): string {
  return provider
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
}

/** Which of the book's providers a model is bought from, and the model's name without a prefix that repeats it. */
export type Address = {
  /** The provider as spelled, folded; an override may name this spelling only. */
  spelling: string;
  /** Id of the provider in the price book; undefined when nobody there has this name. */
  bookProvider: string | undefined;
  /** The model as given, lower case and trimmed. */
  model: string;
  /** The model without LiteLLM's `provider/` prefix; the same as `model` when there is none. */
  bareModel: string;
};

/**
 * Reads a provider and a model as producers write them. A prefix is taken off only when it names the very provider
 * the event names (`gemini` + `gemini/gemini-2.0-flash`, `groq` + `groq/openai/gpt-oss-120b`), so a model never moves to
 * another provider's list; behind a gateway the prefix is what names the provider. Pure.
 */
export function addressOf(provider: string, model: string): Address {
  const spelling = foldProvider(provider);
  const name = model.trim().toLowerCase();
  const bookProvider = bookIds.get(spelling);
  const slash = name.indexOf('/');
  const prefix = slash > 0 ? bookIds.get(foldProvider(name.slice(0, slash))) : undefined;
  const rest = name.slice(slash + 1);
  if (prefix !== undefined && rest !== '') {
    if (GATEWAYS.has(spelling)) {
      return { spelling: foldProvider(prefix), bookProvider: prefix, model: rest, bareModel: rest };
    }
    if (prefix === bookProvider) return { spelling, bookProvider, model: name, bareModel: rest };
  }
  return { spelling, bookProvider, model: name, bareModel: name };
}

/** The price book's id of a provider under any of its known names; undefined when the book has none. */
export function bookProviderOf(provider: string): string | undefined {
  return bookIds.get(foldProvider(provider));
}

/** Every provider id the table knows, for the test that holds it against the data. */
export function knownBookProviders(): string[] {
  return Object.keys(SPELLINGS);
}
