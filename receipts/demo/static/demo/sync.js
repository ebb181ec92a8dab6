/** Fetching what is new, and marking it delivered. */

import { get, isRefusal, post, ticks } from "./client.js";
import { forgetWhatIsRead } from "./reading.js";
import { announce, changed, conversationOf, isMine, isSystem, lineOf, messagesOf, openLine, state } from "./state.js";

/** By conversation: the last message to arrive that was marked delivered; ids grow as they arrive. */
const arrived = new Map();
let everythingArrived = false;
/** By conversation: its newest message, in whichever line, when its messages were fetched last. */
const lookedAt = new Map();

/** Refresh once: the list, new messages, and the receipts of the open conversation. */
export async function look() {
  const { results } = await get("/conversations/?limit=100");
  const first = state.conversations === null;
  await Promise.all(results.filter(isWorthALook).map((each) => lookAt(each, !first)));
  if (state.thread) await fetchThread(state.open, state.thread, !first);
  await Promise.all(
    results
      .filter((each) => !state.people.has(each.id) && (each.kind === "direct" || !each.title))
      .map((each) => fetchPeople(each.id)),
  );
  for (const { id, first_unread_message: unread } of results) {
    if (unread && unread !== conversationOf(id)?.first_unread_message) forgetWhatIsRead(id);
  }
  state.conversations = results;
  await sayWhatArrived(results);
  changed();
}

export async function fetchMe() {
  state.me = await get("/me/");
  changed();
}

export async function fetchPeople(id) {
  const { results } = await get(`/conversations/${id}/participants/?limit=200`);
  state.people.set(id, results);
  changed();
}

/** Load the previous page of a line. */
export async function fetchEarlier(line) {
  const page = await get(state.earlier.get(line));
  for (const message of page.results) state.messages.get(line).set(message.id, message);
  state.earlier.set(line, page.next);
  changed();
}

const newestOf = (conversation) => conversation.last_message?.id ?? 0;

function isWorthALook(conversation) {
  return conversation.id === state.open || lookedAt.get(conversation.id) !== newestOf(conversation);
}

/** Fetch what stands outside threads, and which threads of the open conversation are unread. */
async function lookAt(conversation, listening) {
  await fetchMessages(conversation.id, null, listening);
  lookedAt.set(conversation.id, newestOf(conversation));
  if (conversation.id !== state.open) return;
  const isUnread = conversation.unread_count > conversation.unread_count_main;
  const { results } = isUnread ? await get(`/conversations/${conversation.id}/threads/?unread=true`) : { results: [] };
  state.unreadThreads = results;
  for (const root of results) learnRoot(root);
}

/** A thread that cannot be shown is left again. */
async function fetchThread(conversation, thread, listening) {
  try {
    await fetchMessages(conversation, thread, listening);
    const root = await get(`/messages/${thread}/`);
    if (root.conversation === conversation && !root.thread) {
      state.messages.get(lineOf({ conversation, thread })).set(thread, root);
      return learnRoot(root);
    }
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  if (state.thread === thread) location.hash = `#${conversation}`;
}

function learnRoot(root) {
  const main = state.messages.get(root.conversation);
  if (main?.has(root.id)) main.set(root.id, root);
}

async function fetchMessages(conversation, thread, listening) {
  const id = lineOf({ conversation, thread });
  const page = await get(`/conversations/${conversation}/messages/?limit=50&thread=${thread ?? "main"}`);
  const known = state.messages.get(id) ?? new Map();
  const newest = Math.max(0, ...known.keys());
  const meet = !page.next || page.results.some((each) => known.has(each.id));
  const messages = meet ? known : new Map(); // else there is a gap: drop what is before it
  if (!state.earlier.has(id) || !meet) state.earlier.set(id, page.next);
  // New here, so no newer ones are shown: later ones come by the feed.
  ticks.learn(page.results.filter((each) => each.receipts && !known.has(each.id)).map((each) => each.receipts));
  for (const message of page.results) {
    messages.set(message.id, message);
    if (listening && message.id > newest && !isMine(message)) {
      announce(isSystem(message) ? message.body : `${message.sender_name}: ${message.body}`);
    }
  }
  state.messages.set(id, messages);
  if (id === openLine()) await fetchReceipts(messages, page.results);
}

/** Fetch receipts of own messages that are loaded, not settled, and not on the newest page. */
async function fetchReceipts(messages, page) {
  const there = new Set(page.map((each) => each.id));
  const unsettled = [...messages.values()].filter(
    (each) => !there.has(each.id) && isMine(each) && each.tracked && each.receipts?.read !== "all",
  );
  if (!unsettled.length) return;
  const ids = unsettled.slice(-200).map((each) => each.id);
  const { results } = await get(`/receipts/?messages=${ids.join(",")}`);
  for (const summary of results) {
    if (!summary.code) messages.get(summary.message).receipts = summary;
  }
}

/** A message is delivered once it is fetched, whether its conversation is open or not. */
async function sayWhatArrived(conversations) {
  const newest = new Map(conversations.map(({ id }) => [id, Math.max(0, ...messagesOf(id).map(lastOf))]));
  const isNews = [...newest].some(([id, message]) => message > (arrived.get(id) ?? 0));
  if (everythingArrived && !isNews) return;
  let complete = false;
  while (!complete) ({ complete } = await post("/me/mark-delivered/"));
  everythingArrived = true;
  for (const [id, message] of newest) arrived.set(id, message);
}

/** The newest that has arrived with a message: itself, if it is another's, or the last reply to it. */
function lastOf(message) {
  const own = isMine(message) || isSystem(message) ? 0 : message.id;
  return Math.max(own, message.last_reply ?? 0);
}
