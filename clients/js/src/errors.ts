/** Errors of calls, all of one class. */

const TEMPORARY = [0, 429, 502, 503, 504];

/** What is wrong with one field. */
export interface FieldError {
  field: string;
  code: string;
  detail: string;
}

/** An answer that is an error, or none at all (`status` 0, `code` "unreachable"). */
export class SeenbyError extends Error {
  override name = "SeenbyError";

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    /** Of `invalid`: what is wrong in words, by field; and with codes. */
    readonly fields: Record<string, string[]> = {},
    readonly errors: FieldError[] = [],
    /** Seconds after which to try again, if the service says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
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
  const { detail, code, errors, ...named } = isObject(body) ? body : {};
  const listed = Array.isArray(errors) ? (errors as FieldError[]) : [];
  const fields: Record<string, string[]> = {};
  for (const each of listed) (fields[each.field] ??= []).push(each.detail);
  if (code === undefined) for (const name in named) fields[name] = textsIn(named[name]);
  const said = typeof detail === "string" ? detail : Object.values(fields).flat().join(" ");
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  return new SeenbyError(
    response.status,
    typeof code === "string" ? code : response.status === 400 ? "invalid" : "error",
    said || `The service returned ${response.status}.`,
    fields,
    listed,
    Number.isFinite(seconds) ? seconds : null,
  );
}

/** All texts in something nested. */
function textsIn(said: unknown): string[] {
  if (Array.isArray(said)) return said.flatMap(textsIn);
  if (isObject(said)) return Object.values(said).flatMap(textsIn);
  return [String(said)];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
