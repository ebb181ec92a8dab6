/** Errors of calls, all of one class. */

const TEMPORARY = [0, 429, 502, 503, 504];

/** An answer that is an error, or none at all (`status` 0, `code` "unreachable"). */
export class SeenbyError extends Error {
  override name = "SeenbyError";
  /** Of `invalid`: what is wrong, by field. */
  readonly fields: Record<string, string[]>;

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    fields: Record<string, string[]> = {},
    /** Seconds after which to try again, if the service says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
    this.fields = fields;
  }

  /** Whether the same call may succeed later. */
  get isTemporary(): boolean {
    return TEMPORARY.includes(this.status);
  }
}

export function unreachable(cause: unknown): SeenbyError {
  if (cause instanceof SeenbyError) return cause;
  const error = new SeenbyError(0, "unreachable", cause instanceof Error ? cause.message : String(cause));
  error.cause = cause;
  return error;
}

/** The error that a response stands for. */
export async function errorOf(response: Response): Promise<SeenbyError> {
  const body: unknown = await response.json().catch(() => null);
  const { detail, code, errors, ...rest } = isObject(body) ? body : {};
  const fields = fieldsOf(isObject(errors) ? errors : code === undefined ? rest : {});
  const said = typeof detail === "string" ? detail : Object.values(fields).flat().join(" ");
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  return new SeenbyError(
    response.status,
    typeof code === "string" ? code : response.status === 400 ? "invalid" : "error",
    said || `The service returned ${response.status}.`,
    fields,
    Number.isFinite(seconds) ? seconds : null,
  );
}

/** Each field's errors as texts, however deep they are. */
function fieldsOf(given: Record<string, unknown>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(given).map(([name, said]) => [name, textsIn(said)]));
}

function textsIn(said: unknown): string[] {
  if (Array.isArray(said)) return said.flatMap(textsIn);
  if (isObject(said)) return "detail" in said ? textsIn(said.detail) : Object.values(said).flatMap(textsIn);
  return said == null ? [] : [String(said)];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
