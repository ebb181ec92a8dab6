// An app on Easemob's SDK: each step is somebody who logs in, does something, and tells what came.
const { Mailbox, hear, inTime, load, options, run, say } =
  typeof require === 'function' ? require('../common.cjs') : globalThis.common;
const sdk = load('easemob-websdk', 'websdk');
sdk.logger?.disableAll?.();

const CALLBACKS = {
  onTextMessage: 'text', onDeliveredMessage: 'delivered', onReadMessage: 'read',
  onChannelMessage: 'channel', onStatisticMessage: 'statistic',
};

/** Log in as the options say; what arrives later comes into one mailbox. */
async function logIn({ url, user, token, pwd, device, delivery = true }) {
  const conn = new sdk.connection({
    appKey: 'org#app', apiUrl: url, url: `${url.replace('http', 'ws')}/ws`, isHttpDNS: false,
    delivery, deviceId: device, autoReconnectNumMax: 20,
  });
  const got = new Mailbox('callbacks'), states = new Mailbox('states');
  const listeners = {
    onOpened: () => states.put('opened'), onDisconnected: () => states.put('disconnected'),
    onError: error => states.put(`error ${error?.type} ${error?.message}`),
  };
  for (const [name, kind] of Object.entries(CALLBACKS)) {
    listeners[name] = what => {
      got.put({ kind, what });
      say('told', { kind, ...short(what) });
    };
  }
  conn.listen(listeners);
  await inTime('the login', conn.open(pwd ? { user, pwd } : { user, accessToken: token }));
  await states.take('opened', each => each === 'opened');
  return { conn, got, states };
}

/** What an app looks at. */
function short(what) {
  const { id, mid, from, to, data, chatType, groupReadCount, ackContent, location } = what;
  const asks = what.msgConfig?.allowGroupAck;
  return { id, mid, from, to, data, chatType, asks, counts: groupReadCount, ackContent, location };
}

const told = async work => {
  try {
    const { serverMsgId, localMsgId } = await work;
    return { id: serverMsgId, own: localMsgId };
  } catch (error) {
    return { type: error?.type, message: error?.message, reason: error?.data?.reason };
  }
};

const DOES = {
  /** A text to a person or a group; `asks` for receipts. `id`: as if sent once before. */
  text({ conn }, { to, group, msg, asks, id }) {
    const message = new sdk.message('txt', id ?? conn.getUniqueId());
    message.set({ msg, to: group ?? to, chatType: group ? 'groupChat' : 'singleChat' });
    if (asks) message.body.msgConfig = { allowGroupAck: true };
    return told(conn.send(message.body));
  },

  /** One message was read. */
  read({ conn }, { to, group, id, ackContent }) {
    const chatType = group ? 'groupChat' : 'singleChat';
    const how = { type: 'read', id, to: group ?? to, chatType, ackContent };
    return told(conn.send(sdk.message.create(how)));
  },

  /** A conversation was read. */
  channel({ conn }, { to, group }) {
    const chatType = group ? 'groupChat' : 'singleChat';
    return told(conn.send(sdk.message.create({ type: 'channel', to: group ?? to, chatType })));
  },

  /** Something that is not text. */
  custom({ conn }, { to }) {
    const how = { type: 'custom', to, chatType: 'singleChat', customEvent: 'x', customExts: {} };
    return told(conn.send(sdk.message.create(how)));
  },

  async readers({ conn }, { group, id }) {
    const { data } = await conn.getGroupMsgReadUser({ msgId: id, groupId: group });
    return data.userlist;
  },

  /** The socket is lost; the SDK tries by itself to come back. */
  lost({ states }) {
    return states.take('a lost socket', each => each.startsWith('error 16'));
  },

  close({ conn }) {
    conn.close();
    return null;
  },
};

run({
  /** Do what the test says, one after the other, until it says `end`. */
  async visit() {
    const here = await logIn(options);
    say('opened', here.conn.context?.userId ?? null);
    for (;;) {
      const { what, ...how } = await hear('do');
      if (what === 'end') return here.got.seen.map(({ kind }) => kind);
      say('did', await DOES[what](here, how));
    }
  },

  /** A login that fails. */
  async refused() {
    return told(logIn(options));
  },
});
