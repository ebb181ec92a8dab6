// One person's visit with social.plus's own SDK: log in, take one step, say what came of it.
//   node flow.cjs STEP '{"userId": "alice", ...}'    prints one line: RESULT and JSON.
// On Node its HTTP library has to use fetch, and be told so before the SDK loads. The live connection
// (MQTT) is off, as an app may have it: these are the calls alone. live.cjs has it on.
require('axios').defaults.adapter = 'fetch';
const { ChannelRepository, Client, MessageRepository } = require('@amityco/ts-sdk');

const PATIENCE_MS = 20_000;

/** Wait until `ask` gives something, or give up and say what was waited for. */
async function until(what, ask) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const found = ask();
    if (found) return found;
    await new Promise(go => setTimeout(go, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

async function logIn({ url, apiKey, userId, displayName, authToken }) {
  Client.createClient(apiKey, 'sg', { apiEndpoint: { http: url }, rteEnabled: false });
  const handler = { sessionWillRenewAccessToken: renewal => renewal.renew() };
  return Client.login({ userId, displayName, authToken }, handler, { disableRTE: true });
}

/** One message as its live object shows it, when `enough` is true of it. */
async function watched(id, what, enough) {
  let shown;
  const stop = MessageRepository.getMessage(id, ({ data }) => { shown = data; });
  const message = await until(what, () => shown && enough(shown) && shown);
  stop();
  return message;
}

const brief = message => ({
  id: message.messageId,
  text: message.data?.text,
  creator: message.creatorId,
  segment: message.channelSegment,
  deleted: message.isDeleted,
  edited: message.editedAt ?? null,
  read: message.readCount,
  delivered: message.deliveredCount,
});

/** A page of people, and all further ones. */
async function everybody(ask, query) {
  const pages = [];
  let page = query.page;
  do {
    const answer = await ask({ ...query, page });
    pages.push(answer.data.map(user => user.userId));
    page = answer.nextPage;
  } while (page);
  return pages;
}

const steps = {
  login: async () => ({ user: Client.getActiveUser().userId }),

  async send({ feed, texts }) {
    const sent = [];
    for (const text of texts) {
      const bundle = { subChannelId: feed, dataType: 'text', data: { text } };
      sent.push(brief((await MessageRepository.createMessage(bundle)).data));
    }
    return sent;
  },

  deliver: ({ feed, id }) => MessageRepository.markAsDelivered(feed, id),

  /** The SDK queues a read, and sends the queue once a second. */
  async read({ id }) {
    let sent;
    const stop = Client.onNetworkActivities((request, response) => {
      if (request.url.endsWith('/mark-read')) sent = response.status;
    });
    (await watched(id, 'the message', message => message.markRead)).markRead();
    const status = await until('the read to be sent', () => sent);
    stop();
    return status;
  },

  readChannel: ({ feed }) => ChannelRepository.markAsRead(feed),

  readUsers: query => everybody(MessageRepository.getReadUsers, query),

  deliveredUsers: query => everybody(MessageRepository.getDeliveredUsers, query),

  /** All of a feed, page by page. */
  async list({ feed, limit, sortBy }) {
    let shown = { loading: true };
    const query = { subChannelId: feed, limit, sortBy };
    const stop = MessageRepository.getMessages(query, answer => { shown = answer; });
    const sizes = [];
    for (;;) {
      const { data, error, hasNextPage, onNextPage } = await until(
        'a page', () => !shown.loading && (shown.error || shown.data) && shown,
      );
      if (error) throw error;
      sizes.push(data.length);
      if (!hasNextPage) {
        stop();
        return { sizes, messages: data.map(brief) };
      }
      shown = { loading: true };
      onNextPage();
    }
  },

  /** What stands beside a message in its list; the counts come by themselves, after 2 s. */
  async counts({ feed, id, read, delivered }) {
    let shown = [];
    const query = { subChannelId: feed, limit: 50 };
    const stop = MessageRepository.getMessages(query, ({ data }) => { shown = data ?? []; });
    const counted = message =>
      message.messageId === id && message.readCount === read && message.deliveredCount === delivered;
    const what = `${read} reads and ${delivered} deliveries`;
    const message = await until(what, () => shown.find(counted));
    stop();
    return brief(message);
  },

  async edit({ id, text }) {
    return brief((await MessageRepository.editMessage(id, { data: { text } })).data);
  },

  async remove({ id }) {
    return brief(await MessageRepository.softDeleteMessage(id));
  },
};

async function main() {
  const [step, given] = process.argv.slice(2);
  const options = JSON.parse(given);
  const { url, apiKey, userId, displayName, authToken, ...query } = options;
  let result;
  try {
    await logIn({ url, apiKey, userId, displayName, authToken });
    result = { done: await steps[step](query) };
  } catch (error) {
    result = { failed: { code: error.code ?? null, message: String(error.message) } };
  }
  process.stdout.write(`RESULT ${JSON.stringify(result)}\n`, () => process.exit(0));
}

main();
