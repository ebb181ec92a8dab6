// A person's visit with social.plus's own SDK, its live connection (MQTT) on. It does what the test
// tells it by orders, and says what its lists and messages show, whenever that changes.
const onNode = typeof require === 'function';
const { orders, run, say, until } = onNode ? require('../common.cjs') : globalThis.common;
console.log = onNode ? () => {} : console.log;  // the SDK reports each subscription there
const { Client, MessageRepository, SubChannelRepository } = onNode ? onNodes() : globalThis.Amity;

/** The SDK; before it loads it needs what pages have: fetch for its HTTP library, and WebSocket. */
function onNodes() {
  require('axios').defaults.adapter = 'fetch';
  globalThis.WebSocket ??= require('ws').WebSocket;
  return require('@amityco/ts-sdk');
}

const brief = message => ({
  id: message.messageId,
  text: message.data?.text,
  creator: message.creatorId,
  deleted: message.isDeleted,
  edited: Boolean(message.editedAt),
  read: message.readCount,
  delivered: message.deliveredCount,
});

const bundle = ({ feed, text }) => ({ subChannelId: feed, dataType: 'text', data: { text } });

const watched = new Map();

const did = {
  /** Show a feed, newest first, and everything that changes in it. */
  watch({ feed }) {
    let shown = false;
    return new Promise((resolve, reject) => {
      const query = { subChannelId: feed, limit: 20, sortBy: 'segmentDesc' };
      MessageRepository.getMessages(query, ({ data, loading, error }) => {
        if (error) reject(error);
        if (loading) return;
        if (shown) say('list', data.map(brief));
        else resolve(data.map(brief));
        shown = true;
      });
    });
  },

  /** Show one message, in no list. */
  watchAlone: ({ id }) => new Promise((resolve, reject) => {
    MessageRepository.getMessage(id, ({ data, loading, error }) => {
      if (error) reject(error);
      if (loading || !data) return;
      if (watched.has(id)) say('alone', brief(data));
      else resolve(brief(data));
      watched.set(id, data);
    });
  }),

  /** What its app asks for to be told receipts. */
  sync: ({ feed }) => SubChannelRepository.startMessageReceiptSync(feed),

  send: async given => brief((await MessageRepository.createMessage(bundle(given))).data),

  edit: async ({ id, text }) =>
    brief((await MessageRepository.editMessage(id, { data: { text } })).data),

  remove: async ({ id }) => brief(await MessageRepository.softDeleteMessage(id)),

  deliver: ({ feed, id }) => MessageRepository.markAsDelivered(feed, id),

  /** A message that is watched alone is read; the SDK sends that within a second. */
  read: ({ id }) => { watched.get(id).markRead(); },

  users: async ({ what, id }) => {
    const query = { messageId: id, memberships: ['member'] };
    return (await MessageRepository[what](query)).data.map(user => user.userId);
  },
};

run({
  async live({ url, userId, authToken, hasty }) {
    const mqtt = `${url.replace('http', 'ws')}/mqtt`;
    const client = Client.createClient('public', 'sg', { apiEndpoint: { http: url, mqtt } });
    const handler = { sessionWillRenewAccessToken: renewal => renewal.renew() };
    await Client.login({ userId, authToken }, handler);
    if (!hasty) await until('MQTT', () => client.mqtt.connected);  // the login does not wait for it
    say('ready');
    for (;;) {
      const { name, value } = await orders.take('an order');
      if (name === 'end') return;
      try {
        say('did', { done: (await did[name](value)) ?? null });
      } catch (error) {
        say('did', { failed: { code: error.code ?? null, message: String(error.message) } });
      }
    }
  },
});
