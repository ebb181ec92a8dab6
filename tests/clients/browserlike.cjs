// Enough of a browser on Node, for SDKs that are made for pages: jsdom's window and what such code
// expects to be global. It is called before the SDK is loaded; the flow's folder has jsdom.
const GLOBAL = [
  'document', 'location', 'navigator', 'localStorage', 'sessionStorage',
  'WebSocket', 'XMLHttpRequest', 'FileReader', 'File', 'Blob',
];

/** Be a page at this address: requests carry its origin, and are preflighted as in a browser. */
module.exports = function browserlike(address) {
  const { JSDOM } = require.main.require('jsdom');
  const { window } = new JSDOM('<!doctype html><title>A flow</title>', { url: address });
  const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  define('window', window);
  define('self', window);
  for (const name of GLOBAL) define(name, window[name]);
  return window;
};
