import type { TokenSigner } from '../oidc.ts';
import type { JobConfig } from './job-config.ts';
import { type RpcStatus, rpcStatus, statusOfAnswer } from './status.ts';

/** What the service computes itself; a job's own headers of these names are replaced. */
const REPLACED =
  /^(host|content-length|user-agent|x-google-.*|x-appengine-.*|x-cloudscheduler.*)$/i;

/** Sends a job's request once and says what came of it; never throws. `cancel` ends it as CANCELLED. */
export async function attempt(
  { name, httpTarget, attemptDeadlineMs }: JobConfig,
  {
    signToken,
    scheduledMs,
    cancel,
  }: { signToken: TokenSigner; scheduledMs: number; cancel: AbortSignal },
): Promise<RpcStatus> {
  const { uri, httpMethod, body, oidcToken } = httpTarget;
  const headers = new Headers();
  if (body) headers.set('content-type', 'application/octet-stream');
  for (const [header, value] of Object.entries(httpTarget.headers)) {
    if (!REPLACED.test(header)) headers.set(header, value);
  }
  headers.set('user-agent', 'Google-Cloud-Scheduler');
  headers.set('x-cloudscheduler', 'true');
  headers.set('x-cloudscheduler-jobname', name.slice(name.lastIndexOf('/') + 1));
  headers.set('x-cloudscheduler-scheduletime', new Date(scheduledMs).toISOString());
  if (oidcToken) {
    const { serviceAccountEmail: email, audience } = oidcToken;
    headers.set('authorization', `Bearer ${await signToken({ email, audience: audience || uri })}`);
  }
  const deadline = AbortSignal.timeout(attemptDeadlineMs);
  try {
    const response = await fetch(uri, {
      method: httpMethod,
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([deadline, cancel]),
      ...(body && { body: new Uint8Array(body) }),
    });
    await response.body?.cancel();
    return statusOfAnswer(response.status);
  } catch (error) {
    if (deadline.aborted) {
      return rpcStatus('DEADLINE_EXCEEDED', `No answer in ${attemptDeadlineMs / 1_000} s`);
    }
    if (cancel.aborted) return rpcStatus('CANCELLED', 'The job was changed or deleted');
    const { cause, message } = error as Error & { cause?: Error };
    return rpcStatus('UNAVAILABLE', `The target cannot be reached: ${cause?.message || message}`);
  }
}
