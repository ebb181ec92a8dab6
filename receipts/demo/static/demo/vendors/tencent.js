/** A few lines of Tencent's SDK: log in, hear, read, send, and show the receipts that come. */

import { me, onSend, say, show, socketAt, team, token } from "./page.js";

const { EVENT, TYPES, create } = window.TencentCloudChat;

// The option that leads the SDK here.
const chat = create({ SDKAppID: 1400000000, proxyServer: socketAt("") });
chat.setLogLevel(4);

chat.on(EVENT.SDK_READY, () => say("Connected. Messages appear from now on."));
chat.on(EVENT.SDK_NOT_READY, () => say("Disconnected"));
chat.on(EVENT.MESSAGE_RECEIVED, async ({ data }) => {
  const heard = data.filter((message) => message.to === team);
  for (const { ID, from, payload } of heard) show({ id: ID, sender: from, text: payload.text });
  const asked = heard.filter((message) => message.needReadReceipt);
  if (asked.length) await chat.sendMessageReadReceipt(asked);
});
chat.on(EVENT.MESSAGE_READ_RECEIPT_RECEIVED, ({ data }) => {
  for (const { messageID, readCount, unreadCount } of data) {
    show({ id: messageID, sender: me, note: `read ${readCount}, unread ${unreadCount}` });
  }
});
await chat.login({ userID: me, userSig: await token() });

onSend(async (text) => {
  const message = chat.createTextMessage({
    to: team,
    conversationType: TYPES.CONV_GROUP,
    payload: { text },
    needReadReceipt: true,
  });
  const { data } = await chat.sendMessage(message);
  show({ id: data.message.ID, sender: me, text, note: "sent" });
});
