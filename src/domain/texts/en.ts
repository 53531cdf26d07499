/** Names stand in quotes or after a colon, so that a sentence is right whatever the name. */
export const en = {
  unnamedEvent: "Event",
  unnamedGroup: "Torium",
  somebody: "Somebody",
  quoted: (name: string) => `“${name}”`,

  reminder: (name: string) => `Reminder: ${name}`,
  yourTime: (time: string) => `${time} your time`,
  when: "When",
  budget: "Budget",
  yourShare: "Your share",
  yourBank: "Your bank",
  openBank: "Open your bank",
  shortBudget: (budget: string, share: string) => `Budget ${budget}, your share ${share}`,
  shortShare: (share: string) => `Your share ${share}`,
  lateReminder: (message: string) => `Late reminder: ${message}`,
  lateEmail: "Sorry, this reminder is late: it should have come earlier.",

  code: (code: string) => `Your Torium code is ${code}. It works for 10 minutes. Please share it with nobody.`,

  invitation: "Invitation",
  invites: (inviter: string, group: string) => `${inviter} invites you to ${group}`,
  whatToriumIs: "Torium reminds the people of a group of what they have planned, by SMS, e-mail or push.",
  howToJoin: "To join, create an account with this e-mail address:",
  join: "Join on Torium",
  howToAnswer: "The invitation waits in Torium: open the app to accept or decline.",
  byMistake: "If this came by mistake, there is nothing to do.",

  sentBy: "Sent by Torium.",
  unsubscribe: "Unsubscribe",

  pages: {
    ask: {
      title: "Unsubscribe from e-mail?",
      text: (email: string) => `Torium will send no more e-mail to ${email}.`,
      button: "Unsubscribe",
    },
    done: {
      title: "You are unsubscribed",
      text: (email: string) => `Torium sends no more e-mail to ${email}. Was it a mistake? You can take it back.`,
      button: "Take it back",
    },
    back: {
      title: "E-mail is on again",
      text: (email: string) => `Torium sends e-mail to ${email} again.`,
      button: "",
    },
    off: {
      title: "E-mail stays off",
      text: (email: string) =>
        `E-mail to ${email} came back, or was reported as unwanted. Torium sends none there, whatever is chosen here.`,
      button: "",
    },
    later: {
      title: "Not now",
      text: (email: string) => `Nothing has changed for ${email}. Please try again in a minute.`,
      button: "",
    },
    incomplete: {
      title: "The form was incomplete",
      text: (email: string) => `Nothing has changed for ${email}. Press the button to get no more e-mail from Torium.`,
      button: "Unsubscribe",
    },
    bad: {
      title: "This link does not work",
      text: () => "It may be incomplete or out of date. Please use the link of a newer e-mail.",
      button: "",
    },
  },
  yourAddress: "your address",
};

export type Words = typeof en;
