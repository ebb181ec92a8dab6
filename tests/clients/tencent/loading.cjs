// An SDK loads, and says which one it is.
const common = typeof require === 'function' ? require('../common.cjs') : globalThis.common;
const sdk = common.load(common.options.name, common.options.itsGlobal);

common.run({ load: () => sdk.VERSION });
