// A client of the native API, to try the ground of all flows: it needs no SDK.
const { Mailbox, equal, hear, options, run, say, stray, until } =
  typeof require === 'function' ? require('./common.cjs') : globalThis.common;

/** Hand on each event of one stream, until it ends; return the cursor to go on from. */
async function read(response, cursor, put) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return cursor;
      text += value;
      const blocks = text.split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        const [, data] = /^data: (.*)$/m.exec(block) ?? [];
        [, cursor] = /^id: (.*)$/m.exec(block) ?? [null, cursor];
        put(data ? JSON.parse(data) : { kind: 'cursor' });
      }
    }
  } catch {
    return cursor;  // the server is gone
  }
}

/** Follow the feed, over whatever happens to the server. */
async function follow({ url, token }, put) {
  let cursor = '';
  for (;;) {
    const headers = { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' };
    if (cursor) headers['Last-Event-ID'] = cursor;
    try {
      cursor = await read(await fetch(`${url}/api/v1/events/`, { headers }), cursor, put);
    } catch {
      await new Promise(go => setTimeout(go, 50));
    }
  }
}

run({
  async outlive() {
    const events = new Mailbox('events');
    follow(options, events.put);
    await events.take('a cursor', event => event.kind === 'cursor');
    say('following');
    const bodies = [];
    for (const body of await hear('expected')) {
      const wanted = event => event.kind === 'message.created' && event.message.body === body;
      bodies.push((await events.take(body, wanted)).message.body);
      say('heard', body);
    }
    return bodies;
  },

  async me({ url, token }) {
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}/api/v1/me/`, { headers });
    const { username } = await answer.json();
    return { username, requestId: Boolean(answer.headers.get('X-Request-ID')) };
  },

  async fail({ how }) {
    if (how === 'vain') await new Mailbox('calls').take('a call');
    if (how === 'unequal') equal({ b: 1, a: [2] }, { a: [3], b: 1 }, 'the pair');
    if (how === 'stray') {
      Promise.reject(new Error('nobody caught this'));
      await until('it to be noticed', () => stray.length);
    }
    return 'done';
  },
});
