/** Times formatted for people. */

const of = (options) => new Intl.DateTimeFormat("en-GB", options);
const CLOCK = of({ hour: "2-digit", minute: "2-digit" });
const WEEKDAY = of({ weekday: "long" });
const DATE = of({ day: "numeric", month: "short" });
const LONG_DATE = of({ weekday: "long", day: "numeric", month: "long" });

/** A time as text that sorts: the service omits microseconds where they are 0. */
const exact = (iso) => `${iso.slice(0, 19)}${(iso.match(/\.\d+/)?.[0] ?? ".").padEnd(7, "0")}`;

/** Which of two stands first, as for `sort`: by `created_at`, and of one moment by id. */
export function byTime(one, other) {
  const [earlier, later] = [exact(one.created_at), exact(other.created_at)];
  return earlier === later ? one.id - other.id : earlier < later ? -1 : 1;
}

/** 14:05 */
export const clock = (iso) => CLOCK.format(new Date(iso));

/** How many days ago, by local midnights. */
function daysAgo(iso) {
  const midnight = (time) => new Date(time.getFullYear(), time.getMonth(), time.getDate());
  return Math.round((midnight(new Date()) - midnight(new Date(iso))) / 86_400_000);
}

/** Today, Yesterday, Monday 17 November */
export function day(iso) {
  return ["Today", "Yesterday"][daysAgo(iso)] ?? LONG_DATE.format(new Date(iso));
}

/** For a list: 14:05, Yesterday, Monday, 3 Nov */
export function brief(iso) {
  const days = daysAgo(iso);
  if (days <= 0) return clock(iso);
  if (days === 1) return "Yesterday";
  return (days < 7 ? WEEKDAY : DATE).format(new Date(iso));
}

/** For a receipt: 14:05, yesterday 14:05, 17 Nov 14:05 */
export function moment(iso) {
  const days = daysAgo(iso);
  if (days <= 0) return clock(iso);
  return `${days === 1 ? "yesterday" : DATE.format(new Date(iso))} ${clock(iso)}`;
}
