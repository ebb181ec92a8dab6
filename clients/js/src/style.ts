/** The look of the element and its dialog. A page changes it by the custom properties. */

const LIGHT = `color-scheme: light; --_tick: var(--seenby-tick, #5c6f66); --_read: var(--seenby-read, #0a6ad6);
  --_failed: var(--seenby-failed, #b3261e); --_surface: var(--seenby-surface, #fff);
  --_text: var(--seenby-text, #14201b); --_soft: var(--seenby-soft, #56655e);
  --_line: var(--seenby-line, #dfe6e2); --_accent: var(--seenby-accent, #0b7d62);`;
const DARK = `color-scheme: dark; --_tick: var(--seenby-tick, #94b3a6); --_read: var(--seenby-read, #5cc4ff);
  --_failed: var(--seenby-failed, #ff8f84); --_surface: var(--seenby-surface, #17211d);
  --_text: var(--seenby-text, #e7efeb); --_soft: var(--seenby-soft, #a3b4ac);
  --_line: var(--seenby-line, #2b3833); --_accent: var(--seenby-accent, #3cc49b);`;

export const STYLE = `
:host { ${LIGHT} display: inline-flex; vertical-align: middle; }
:host([hidden]) { display: none; }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${DARK} } }
:host([theme="dark"]) { ${DARK} }
* { box-sizing: border-box; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; border-radius: 4px; }
.ticks { display: inline-flex; align-items: center; gap: 4px; min-width: 20px; color: var(--_tick); }
/* As large as a finger needs, in a line that is not. */
button.ticks { min-width: 24px; min-height: 24px; margin: -4px 0; justify-content: center; }
svg { width: 20px; height: 12px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.7;
  stroke-linecap: round; stroke-linejoin: round; overflow: visible; color: var(--_tick); transition: color .4s; }
path { transition: opacity .4s; }
[data-ticks="sent"] .second { opacity: 0; }
[data-ticks="partial"] .second { opacity: .35; }
[data-ticks="read"] { color: var(--_read); }
[data-ticks="failed"] { color: var(--_failed); }
[data-ticks="failed"] path:not(.alert), .alert, .dot { display: none; }
[data-ticks="failed"] .alert, [data-failed]:not([data-ticks="failed"]) .dot { display: inline; }
.ticks span:empty { display: none; }
.dot { fill: var(--_failed); stroke: none; }
dialog { width: min(420px, calc(100vw - 24px)); max-height: min(640px, 86dvh); padding: 0;
  border: 1px solid var(--_line); border-radius: 16px; background: var(--_surface); color: var(--_text);
  font: 15px/1.45 system-ui, sans-serif; text-align: left; overflow: hidden; box-shadow: 0 12px 40px #0006; }
dialog[open] { display: flex; flex-direction: column; animation: rise .18s; }
dialog::backdrop { background: #08120e80; }
@keyframes rise { from { transform: translateY(16px); opacity: 0; } }
@media (max-width: 480px) {
  dialog { width: 100%; max-width: none; margin: auto 0 0; border-radius: 16px 16px 0 0; }
}
@media (prefers-reduced-motion: reduce) { *, dialog[open] { animation: none; transition: none; } }
header { display: flex; align-items: center; gap: 8px; padding: 12px 8px 12px 16px;
  border-bottom: 1px solid var(--_line); }
h2 { flex: 1; margin: 0; font-size: 16px; }
.close { width: 36px; height: 36px; border-radius: 50%; }
.close svg { width: 18px; height: 18px; color: var(--_text); }
.body { overflow-y: auto; padding: 14px 16px 20px; }
.summary { display: flex; align-items: center; gap: 6px; margin: 0; font-weight: 650; }
.quiet { margin: 10px 0 0; color: var(--_soft); }
h3 { margin: 16px 0 2px; font-size: 13px; color: var(--_soft); }
ul { list-style: none; margin: 0; padding: 0; }
li { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: baseline; gap: 0 10px;
  padding: 6px 0; }
li + li { border-top: 1px solid var(--_line); }
.name { overflow-wrap: anywhere; }
time, .detail { color: var(--_soft); font-size: 13px; font-variant-numeric: tabular-nums; }
.detail { grid-column: 1 / -1; overflow-wrap: anywhere; }
.more { margin-top: 12px; padding: 8px 16px; border: 1px solid var(--_line); border-radius: 18px;
  color: var(--_accent); font-weight: 600; }
`;
