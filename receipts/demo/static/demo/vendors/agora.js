/** A few lines of Easemob's SDK, whose wire Agora Chat shares: log in, hear, read, send. */

import { me, onSend, say, show, socketAt, team, token } from "./page.js";

const { connection: Connection, message: Message } = window.websdk;

// The options that lead the SDK here.
const connection = new Connection({
  appKey: "seenby#demo",
  apiUrl: location.origin,
  url: socketAt("/ws"),
  isHttpDNS: false,
  delivery: true,
});

connection.listen({
  onTextMessage: async ({ id, from, to, data, msgConfig }) => {
    if (to !== team) return;
    show({ id, sender: from, text: data });
    if (from === me || !msgConfig?.allowGroupAck) return;
    const receipt = Message.create({ type: "read", id, to: team, chatType: "groupChat" });
    receipt.msgConfig = { allowGroupAck: true };
    await connection.send(receipt);
  },
  onReadMessage: ({ groupReadCount }) => {
    for (const [id, count] of Object.entries(groupReadCount ?? {})) {
      show({ id, sender: me, note: `read ${count}` });
    }
  },
  onDisconnected: () => say("Disconnected"),
});
await connection.open({ user: me, accessToken: await token() });
say("Connected. Messages appear from now on.");

onSend(async (text) => {
  const message = Message.create({ type: "txt", to: team, chatType: "groupChat", msg: text });
  message.msgConfig = { allowGroupAck: true };
  const { serverMsgId } = await connection.send(message);
  show({ id: serverMsgId, sender: me, text, note: "sent" });
});
