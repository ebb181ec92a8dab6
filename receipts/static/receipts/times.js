/* Times of pages, which the server writes in UTC, in the zone of the browser. UTC stays in the title. */
const two = (number) => String(number).padStart(2, "0");
const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/* As the server writes: 21 Nov 2026, 17:40. */
const written = (at) =>
  `${at.getDate()} ${months[at.getMonth()]} ${at.getFullYear()}, ${two(at.getHours())}:${two(at.getMinutes())}`;

for (const time of document.querySelectorAll("time[datetime]")) {
  const local = written(new Date(time.dateTime));
  if (time.classList.contains("chip")) time.title = `${local} (${time.title})`;
  else time.textContent = local;
}
for (const zone of document.querySelectorAll(".zone")) {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (name) zone.textContent = `Times are in your zone, ${name}; point at one for UTC. Filters by day and insights are of UTC days.`;
}
