// Our own client, as a chat uses it: on Node from its folder, in a page from the service.
const { Mailbox, equal, hear, ok, options, run, say, until } =
  typeof require === 'function' ? require('../common.cjs') : globalThis.common;

const load = () => import(
  typeof require === 'function'
    ? '../../../clients/js/dist/seenby.js'
    : `${options.url}/static/seenby/seenby.js`
);

/** Waits as the client's own does, and never for long: a test's service is back at once. */
const clock = {
  random: Math.random,
  wait: (ms, signal) => new Promise(done => {
    setTimeout(done, Math.min(ms, 100));
    signal?.addEventListener('abort', done);
  }),
};

/** A user's client, and the requests that it makes. */
function clientOf({ Seenby }, token) {
  const requests = [];
  const counted = (address, init) => {
    requests.push(`${init.method} ${address.split('/api/v1')[1].split('?')[0]}`);
    return fetch(address, init);
  };
  const seenby = new Seenby({ url: options.url, token: () => token, fetch: counted, clock });
  return { requests, seenby };
}

run({
  /** Alice watches her messages; bob marks them, also while the service is away. */
  async marks({ alice, bob, messages }) {
    const client = await load();
    const [hers, his] = [clientOf(client, alice), clientOf(client, bob)];
    const ticks = new Mailbox('ticks');
    const watched = new client.Ticks(hers.seenby);
    for (const message of messages) {
      watched.watch(message, ({ summary }) => ticks.put({ message, status: summary?.overall_status }));
    }
    const all = status => Promise.all(messages.map(
      message => ticks.take(`${message} ${status}`, each => each.message === message && each.status === status),
    ));
    await all('sent');
    const asked = what => hers.requests.filter(each => each === what).length;
    equal(asked('GET /events/'), 1, 'streams');
    // A second one, where the stream took so long to open that they were asked for before.
    ok(asked('GET /receipts/') <= 2, 'one request for all messages');

    const marks = new client.Marks(his.seenby, { delay: 20 });
    for (const message of messages) marks.delivered(message);
    await all('delivered');
    equal(his.requests, ['POST /receipts/'], 'one request for all');

    say('delivered');
    await hear('away');
    for (const message of messages) marks.read(message);
    say('shown', messages.map(message => marks.of(message)));
    await until('a try in vain', () => his.requests.length > 1);
    say('tried', marks.pending);
    await all('read');
    await marks.flush();
    return messages.map(message => marks.of(message));
  },

  /** The feed, over a service that goes and comes. */
  async feed({ alice }) {
    const { seenby } = clientOf(await load(), alice);
    const told = new Mailbox('events');
    seenby.feed.listen({
      reload: () => say('reload'),
      event: event => event.message && told.put(event.message.body),
    });
    const bodies = [];
    for (const body of await hear('expected')) {
      bodies.push(await told.take(body, each => each === body));
      say('heard', body);
    }
    return { bodies, untaken: told.untaken };
  },

  async errors({ alice, message }) {
    const client = await load();
    let asked = 0;
    const seenby = new client.Seenby({
      url: options.url,
      token: () => (asked++ ? alice : 'expired'),
    });
    const me = await seenby.get('/me/');
    const refused = await seenby.get('/messages/{id}/status/', { path: { id: message } }).catch(error => error);
    const invalid = await seenby.post('/receipts/', { body: { receipts: 1 } }).catch(error => error);
    return {
      me: me.username,
      asked,
      refused: [refused instanceof client.SeenbyError, refused.status, refused.code],
      invalid: [invalid.status, Object.keys(invalid.fields)],
    };
  },

  /** A browser's own EventSource, which cannot send a token: with a ticket for each connection. */
  async tickets({ alice }) {
    const { seenby } = clientOf(await load(), alice);
    const told = new Mailbox('messages');
    const { cursor } = await seenby.get('/events/');
    const open = async after => {
      const { ticket } = await seenby.post('/events/ticket/');
      const query = new URLSearchParams({ ticket, after });
      const source = new EventSource(`${options.url}/api/v1/events/?${query}`);
      source.addEventListener('message.created', ({ data, lastEventId }) => {
        told.put({ body: JSON.parse(data).message.body, lastEventId });
      });
      return source;
    };
    const source = await open(cursor);
    await new Promise(go => source.addEventListener('open', go));
    say('open');
    const { lastEventId } = await told.take('before', each => each.body === 'before');
    const closed = new Promise(go => source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) go(); // it has tried with the same ticket
    }));
    say('heard');
    await closed;
    const again = await open(lastEventId);
    await told.take('meanwhile', each => each.body === 'meanwhile');
    again.close();
    return 'both';
  },
});
