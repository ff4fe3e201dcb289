-- Fragment: the template of every message: the text without what varies. To be included in a WITH clause after one CTE;
-- the method, its numbers and where they come from are in docs/adr/0017-log-templates.md.
-- Reads messages (message STRING, not NULL, and any other columns). Of a message its first line counts, at most 4,000
-- characters of it. Gives templated: the columns of messages, template (STRING, <*> stands for what varies) and
-- template_id (the first 16 hexadecimal digits of the template's SHA-256, so equal templates have equal ids always).
-- First an ordered chain of masks; what has a name goes before what merely has digits in it.
named AS (
  SELECT
    messages.*,
    REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(
    REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(
    REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(
    REGEXP_REPLACE(REGEXP_REPLACE(
      LEFT(REGEXP_EXTRACT(message, r'^[^\n]*'), 4000),
      -- Colours of a terminal.
      r'\x1b\[[0-9;]*[A-Za-z]', ''),
      -- URLs, e-mail addresses.
      r'[A-Za-z][A-Za-z0-9+.-]*://[^\s\x22\x27<>()\[\]{},;]*', '<*>'),
      r'[\w.+-]+@[\w-]+(?:\.[\w-]+)*', '<*>'),
      -- Quoted: of a request all but its method, of JSON what says what happened, else nothing.
      r'\x22(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) [^\x22]*\x22', r'\1 <*>'),
      r'\x22(msg|message|error|err|reason|exception|event|level|severity)\x22\s*:\s*\x22([^\x22\\]*)\x22', r'\1: \2'),
      r'\x22([\w.-]+)\x22\s*:\s*(?:\x22(?:[^\x22\\]|\\.)*\x22|[^\s,\x22\[\]{}]+)', r'\1:<*>'),
      r'\x22[^\x22]*\x22', '<*>'),
      r'(^|[^\w\x27])\x27[^\x27]*\x27', r'\1<*>'),
      -- Paths of Windows; absolute ones; relative ones with two slashes, or one and a dot.
      r'(^|[^A-Za-z])[A-Za-z]:\\[^\s\x22\x27,;<>|]*', r'\1<*>'),
      r'(^|[\s=:,;|(\[{<>])(?:~|\.{1,2})?(?:/[^\s\x22\x27,:;<>()\[\]{}|=]+)+/?', r'\1<*>'),
      r'[\w-]+(?:\.[\w-]+)+(?:/[\w.$-]+)+|[\w-]+(?:/[\w-]+)*/[\w-]*(?:\.[\w$-]+)+|[\w.-]+/[\w.-]+(?:/[\w.-]+)+', '<*>'),
      -- key= value, key=value with a bracket right behind it, key = value.
      r'([A-Za-z_][\w.-]*)= +([^\s,;()\[\]{}=<>]+)([\s,;)\]}]|$)', r'\1=\2\3'),
      r'([A-Za-z_][\w.-]*)=(?:<[^<>]*>|(?:[^\s,;()\[\]{}&|=<>]|<\*>)*(?:\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\])?)', r'\1=<*>'),
      r'(\w) += *[^\s,;()\[\]{}=]+', r'\1=<*>'),
      -- Users by name.
      r'\b(for (?:\w+ )?user) [\w.@$-]+', r'\1 <*>'),
      -- UUIDs, IPv6 and MAC addresses.
      r'\b[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\b', '<*>'),
      r'\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){3,7}\b', '<*>'),
      -- Dates with names of months, and the time and year behind them.
      r'\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +)?(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +\d{1,2}|\d{1,2} +(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*)\b(?:,? +\d{4}\b)?(?:,? +\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?)?(?: +[A-Z]{2,4}\b)?(?: +\d{4}\b)?', '<*>'),
      -- Hosts: dotted names with a port, or with a last part that hosts have (classes and settings have others).
      r'\b[A-Za-z][\w-]*(?:\.[A-Za-z0-9][\w-]*)+:\d+\b', '<*>'),
      r'\b[A-Za-z0-9][\w-]*(?:\.[A-Za-z0-9][\w-]*)*\.(?:com|net|org|edu|gov|mil|int|info|biz|io|dev|app|cloud|local|localdomain|internal|lan|corp|home|arpa|eu|us|uk|de|fr|nl|ch|at|es|pt|pl|ru|ua|cz|se|dk|fi|gr|tr|cn|hk|jp|kr|tw|sg|th|vn|au|nz|ca|mx|br|ar|za|il|ir|om)(\.?(?:[^\w.-]|$))', r'<*>\1') AS without_names
  FROM messages
),
numbered AS (
  SELECT
    *,
    REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(
      without_names,
      -- Less than a second is a time, too.
      r'<(\d+ ?(?:[munμ]?s|secs?|seconds?|min|minutes?|[KMG]?B)\b)', r'\1'),
      -- Whatever has a digit in it: numbers, versions, times, addresses, ids; hexadecimal ids without one.
      r'(?:[\w~#$*+-]+\.)*[\w~#$*+-]*\d[\w~#$%*+-]*(?:\.[\w~#$%*+-]+)*', '<*>'),
      r'\b(?:[0-9a-f]{7,}|[0-9A-F]{7,})\b', '<*>'),
      -- With its unit; truth values, and what is said instead of a value.
      r'<\*> ?(?:[KMGTPkmgt]i?[Bb]|[Bb]|[Bb]ytes?|[munμ]?s|msecs?|secs?|[Ss]econds?|milliseconds?|microseconds?|mins?|[Mm]inutes?|hours?|days?|[kMG]?Hz)\b', '<*>'),
      r'\b(?:true|false|True|False|TRUE|FALSE)\b', '<*>'),
      r'([:=(,\[]\s*)(?:null|none|nil|None|NULL|yes|no)\b', r'\1<*>') AS without_digits
  FROM named
),
masked AS (
  SELECT
    *,
    TRIM(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(REGEXP_REPLACE(
      without_digits,
      -- Masks that only punctuation holds apart, and lists of masks, are one.
      r'[/#@.:+-]*<\*>(?:[-/:.,_+#~|@x=]*<\*>)+', '<*>'),
      r'[/#]<\*>', '<*>'),
      r'<\*>(?:,?\s+<\*>)+', '<*>'),
      -- White space.
      r'\s+', ' ')) AS masked_text
  FROM numbered
),
-- Then texts that differ in few words only are merged: a word is a value where many different ones stand in its place.
texts AS (
  SELECT
    masked_text,
    MIN(message) != MAX(message) AS is_varied,
    ROW_NUMBER() OVER (ORDER BY masked_text) AS text_id
  FROM masked
  GROUP BY masked_text
),
tokens AS (
  SELECT
    texts.*,
    position,
    token,
    ARRAY_LENGTH(SPLIT(masked_text, ' ')) AS length,
    token = '<*>' AS is_mask,
    REGEXP_CONTAINS(token, r'\pL') AND STRPOS(token, '<*>') = 0 AS is_word
  FROM texts
  CROSS JOIN UNNEST(SPLIT(masked_text, ' ')) AS token WITH OFFSET AS position
),
counted AS (
  SELECT
    *,
    COUNT(*) OVER (PARTITION BY length, position, token) AS texts_with,
    COUNTIF(is_word) OVER (PARTITION BY text_id) AS words,
    SUM(LENGTH(token) + 1) OVER (PARTITION BY text_id ORDER BY position) AS end_at
  FROM tokens
  WHERE length <= 40
),
-- The outline of a text has holes (empty tokens) where values could be; other texts may have it in common. One hole each:
single_holes AS (
  SELECT
    CONCAT(LEFT(masked_text, end_at - LENGTH(token) - 1), SUBSTR(masked_text, end_at)) AS outline,
    length,
    1 AS holes,
    words - IF(is_word, 1, 0) AS words_left,
    position,
    token,
    is_mask AND is_varied AS is_value
  FROM counted
  WHERE is_word OR is_mask
),
-- Or several, at most half of the words: all that at most so many texts of the same length have in their position.
rarities AS (
  SELECT DISTINCT text_id, rarity
  FROM (
    SELECT text_id, words, texts_with AS rarity, COUNT(*) OVER (PARTITION BY text_id ORDER BY texts_with) AS holes
    FROM counted
    WHERE is_word
  )
  WHERE holes BETWEEN 2 AND words / 2
),
outlined AS (
  SELECT
    text_id,
    rarity,
    STRING_AGG(IF(is_word AND texts_with <= rarity, '', token), ' ' ORDER BY position) AS outline,
    COUNTIF(is_word AND texts_with <= rarity) AS holes
  FROM rarities
  INNER JOIN counted USING (text_id)
  GROUP BY text_id, rarity
),
several_holes AS (
  SELECT outline, length, holes, words - holes AS words_left, position, token, FALSE AS is_value
  FROM outlined
  INNER JOIN counted USING (text_id)
  WHERE is_word AND texts_with <= rarity
),
filled AS (
  SELECT
    outline,
    length,
    holes,
    words_left,
    position,
    COUNT(*) AS texts,
    COUNT(DISTINCT token) AS fillings,
    LOGICAL_OR(is_value) AS has_value
  FROM (SELECT * FROM single_holes UNION ALL SELECT * FROM several_holes)
  WHERE words_left >= 1
  GROUP BY outline, length, holes, words_left, position
),
-- One hole: 5 fillings, 15 where only one word is left; 2 are enough where one is a mask, of messages that really
-- vary. More holes: 8 fillings each, or 3 each in at least twice as many combinations as any of them has fillings, as
-- what varies by itself has.
outlines AS (
  SELECT outline, length, holes
  FROM filled
  GROUP BY outline, length, holes, words_left
  HAVING IF(
    holes = 1,
    MIN(fillings) >= IF(words_left >= 2, 5, 15) OR (words_left >= 2 AND MIN(fillings) >= 2 AND LOGICAL_OR(has_value)),
    MIN(fillings) >= 8 OR (MIN(fillings) >= 3 AND MAX(texts) >= 2 * MAX(fillings))
  )
),
outline_tokens AS (
  SELECT outline, length, holes, position, token
  FROM outlines
  CROSS JOIN UNNEST(SPLIT(outline, ' ')) AS token WITH OFFSET AS position
),
-- Every text that fits an outline gets its holes, also one that itself spoke for another.
fitting AS (
  SELECT outline, text_id
  FROM outline_tokens
  INNER JOIN counted USING (length, position, token)
  GROUP BY outline, text_id, length, holes
  HAVING COUNT(*) = length - holes
),
hollowed AS (
  SELECT
    text_id,
    position,
    LOGICAL_AND(is_word OR is_mask) OVER (PARTITION BY outline, text_id) AS fits
  FROM fitting
  INNER JOIN (SELECT outline, position FROM outline_tokens WHERE token = '') USING (outline)
  INNER JOIN counted USING (text_id, position)
),
varying AS (SELECT DISTINCT text_id, position FROM hollowed WHERE fits),
templates AS (
  SELECT
    text_id,
    REGEXP_REPLACE(
      STRING_AGG(IF(varying.position IS NULL, token, '<*>'), ' ' ORDER BY tokens.position),
      r'<\*>(?:,? <\*>)+', '<*>'
    ) AS template
  FROM tokens
  LEFT JOIN varying USING (text_id, position)
  GROUP BY text_id
),
templated AS (
  SELECT
    masked.* EXCEPT (without_names, without_digits, masked_text),
    template,
    LEFT(TO_HEX(SHA256(template)), 16) AS template_id
  FROM masked
  INNER JOIN texts USING (masked_text)
  INNER JOIN templates USING (text_id)
)
