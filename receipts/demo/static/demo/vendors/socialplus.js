/** A few lines of social.plus's SDK: log in, observe a feed, read it, send. */

import { keepOnly, me, onSend, people, say, show, socketAt, team, token } from "./page.js";

const { Client, MessageRepository } = window.Amity;

// The two options that lead the SDK here.
Client.createClient("any key", "sg", {
  apiEndpoint: { http: location.origin, mqtt: socketAt("/mqtt") },
});
await Client.login(
  { userId: me, displayName: people[me], authToken: await token() },
  { sessionWillRenewAccessToken: (renewal) => renewal.renew() },
);
say("Connected");

const read = new Set();
MessageRepository.getMessages({ subChannelId: team, limit: 20 }, ({ data }) => {
  const messages = [...(data ?? [])].reverse();
  keepOnly(messages.map((message) => message.messageId));
  for (const message of messages) {
    const sender = message.creatorId;
    const { deliveredCount, readCount } = message;
    const note = sender === me ? `delivered ${deliveredCount}, read ${readCount}` : "";
    show({ id: message.messageId, sender, text: message.data?.text, note });
    if (sender !== me && !read.has(message.messageId)) {
      read.add(message.messageId);
      message.markRead();
    }
  }
});
onSend((text) =>
  MessageRepository.createMessage({ subChannelId: team, dataType: "text", data: { text } }),
);
