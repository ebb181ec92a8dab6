// The SDK loads, and says which one it is.
const common = typeof require === 'function' ? require('../common.cjs') : globalThis.common;
const sdk = common.load('easemob-websdk', 'websdk');

common.run({
  load({ url }) {
    const appKey = 'org#app';
    return new sdk.connection({ appKey, apiUrl: url, url: `${url}/ws`, isHttpDNS: false }).version;
  },
});
