// One person with one of Tencent's SDKs, as an app uses it. The test gives orders and hears of every
// event. (One client for each process or page and SDKAppID is the SDKs' own rule.)
const common = typeof require === 'function' ? require('../common.cjs') : globalThis.common;
const { options, say, orders, inTime } = common;
const loaded = common.load(options.sdk, options.itsGlobal);
const SDK = loaded.default ?? loaded;
const { EVENT, TYPES } = SDK;

const shown = message => ({
  id: message.ID, from: message.from, conversation: message.conversationID, flow: message.flow,
  text: message.payload?.text ?? null, needReadReceipt: message.needReadReceipt,
  revoked: message.isRevoked ?? false,
});

async function be({ who, token, url }) {
  const chat = SDK.create({ SDKAppID: 1400000000, proxyServer: url.replace('http', 'ws') });
  chat.setLogLevel(4);
  const known = {};
  const each = (event, what, said) => chat.on(event, ({ data }) => {
    for (const one of data) say(what, said(one));
  });
  each(EVENT.MESSAGE_RECEIVED, 'message', message => shown(known[message.ID] = message));
  each(EVENT.MESSAGE_MODIFIED, 'modified', shown);
  each(EVENT.MESSAGE_REVOKED, 'revoked', ({ ID }) => ID);
  each(EVENT.MESSAGE_READ_BY_PEER, 'read by peer', ({ ID }) => ID);
  each(EVENT.MESSAGE_READ_RECEIPT_RECEIVED, 'receipt', receipt => receipt);
  chat.on(EVENT.KICKED_OUT, ({ data }) => say('kicked out', data.type));
  chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => say('net', data.state));
  const ready = new Promise(resolve => { chat.on(EVENT.SDK_READY, resolve); });
  await inTime('login', chat.login({ userID: who, userSig: token }));
  await inTime('SDK_READY', ready);

  const has = {
    async send({ to, group, text, needReadReceipt = true }) {
      const message = chat.createTextMessage({
        to: group ?? to, conversationType: group ? TYPES.CONV_GROUP : TYPES.CONV_C2C,
        payload: { text }, needReadReceipt,
      });
      say('made', message.ID);
      const sent = (await chat.sendMessage(message)).data.message;
      known[sent.ID] = sent;
      return shown(sent);
    },
    async custom({ to }) {
      const payload = { data: 'x', description: '', extension: '' };
      const conversationType = TYPES.CONV_C2C;
      await chat.sendMessage(chat.createCustomMessage({ to, conversationType, payload }));
    },
    read: async ({ ids }) => { await chat.sendMessageReadReceipt(ids.map(id => known[id])); },
    readAll: async ({ conversation }) => { await chat.setMessageRead({ conversationID: conversation }); },
    async counts({ ids }) {
      const asked = ids.map(id => known[id]);
      const { messageList } = (await chat.getMessageReadReceiptList(asked)).data;
      return messageList.map(({ readReceiptInfo: { readCount, unreadCount } }) =>
        [readCount, unreadCount]);
    },
    async readers({ id, filter = 0, count = 10 }) {
      const message = known[id];
      const answer = await chat.getGroupMessageReadMemberList({ message, filter, cursor: '', count });
      const { readUserIDList, unreadUserIDList, isCompleted } = answer.data;
      return { users: filter ? unreadUserIDList : readUserIDList, isCompleted };
    },
    revoke: async ({ id }) => { await chat.revokeMessage(known[id]); },
    groups: async () => (await chat.getGroupList()).data.groupList.map(
      ({ groupID, name, memberCount }) => [groupID, name, memberCount]),
  };
  say('ready');
  for (;;) {
    const { name, value } = await orders.take('an order', () => true);
    if (name === 'leave') {
      await inTime('logout', chat.logout());
      return 'left';
    }
    has[name](value).then(
      done => say(`${name} done`, done ?? null),
      error => say(`${name} failed`, { code: error?.code ?? null, message: error?.message ?? null }),
    );
  }
}

common.run({ be });
