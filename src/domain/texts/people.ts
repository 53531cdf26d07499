import { cleanLine, cut, safeUrl, unlinked } from "./clean.ts";
import { emailText, unsubscribeFooter } from "./email.ts";
import { gsm } from "./gsm.ts";
import { buttonLink, page, paragraphs } from "./html.ts";
import { type Locale, words } from "./locale.ts";

/** The SMS that verifies a phone number; one segment. */
export function codeSms(code: string, locale: Locale): string {
  return gsm(words(locale).code(code));
}

export function invitationPush(
  names: { group: string; inviter: string },
  locale: Locale,
): { title: string; body: string } {
  const said = words(locale);
  return { title: said.invitation, body: `${invitationLine(names, locale)}.` };
}

/** `url`: where an address without an account begins; null for whoever has one. A stranger may read it, so the names in it cannot act as links. */
export function invitationEmail(
  {
    group,
    inviter,
    url,
    unsubscribe_url,
  }: { group: string; inviter: string; url: string | null; unsubscribe_url: string },
  locale: Locale,
): { subject: string; text: string; html: string } {
  const said = words(locale);
  const subject = invitationLine({ group: unlinked(cleanLine(group)), inviter: unlinked(cleanLine(inviter)) }, locale);
  const link = safeUrl(url);
  const newHere = url === null ? [] : [said.whatToriumIs, [said.howToJoin, link].filter(Boolean).join("\n")];
  const text = [`${subject}.`, ...newHere, said.howToAnswer, said.byMistake];
  const main = [
    url !== null && paragraphs(`${said.whatToriumIs}\n\n${said.howToJoin}`),
    link && buttonLink(link, said.join),
    paragraphs(`${said.howToAnswer}\n\n${said.byMistake}`),
  ];
  return {
    subject,
    text: emailText({ text: text.join("\n\n"), unsubscribe_url, locale }),
    html: page({
      title: subject,
      main: main.filter(Boolean).join("\n"),
      footer: unsubscribeFooter(unsubscribe_url, locale),
      locale,
    }),
  };
}

/** The author's name, not their address, and the first 80 characters; the byte limits keep a push under 4 KB. */
export function commentPush(
  { event, author, comment }: { event: string; author: string; comment: string },
  locale: Locale,
): { title: string; body: string } {
  const said = words(locale);
  return {
    title: cut(cleanLine(event), 80, 300) || said.unnamedEvent,
    body: `${cut(cleanLine(author), 40, 150) || said.somebody}: ${cut(cleanLine(comment), 80, 1400)}`,
  };
}

function invitationLine({ group, inviter }: { group: string; inviter: string }, locale: Locale): string {
  const said = words(locale);
  const groupName = cut(cleanLine(group), 50, 250);
  return said.invites(cut(cleanLine(inviter), 40, 150) || said.somebody, said.quoted(groupName || said.unnamedGroup));
}
