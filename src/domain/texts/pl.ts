import type { Words } from "./en.ts";

/** No past tense and no vocative, so that nobody's gender is guessed; names are never inflected. */
export const pl: Words = {
  unnamedEvent: "Wydarzenie",
  unnamedGroup: "Torium",
  somebody: "Ktoś",
  quoted: (name) => `„${name}”`,

  reminder: (name) => `Przypomnienie: ${name}`,
  yourTime: (time) => `${time} Twojego czasu`,
  when: "Kiedy",
  budget: "Budżet",
  yourShare: "Twój udział",
  yourBank: "Twój bank",
  openBank: "Przejdź do banku",
  shortBudget: (budget, share) => `Budżet ${budget}, Twój udział ${share}`,
  shortShare: (share) => `Twój udział ${share}`,
  lateReminder: (message) => `Spóźnione przypomnienie: ${message}`,
  lateEmail: "Przepraszamy, to przypomnienie jest spóźnione: miało dotrzeć wcześniej.",

  code: (code) => `Kod Torium: ${code}. Jest ważny 10 minut. Prosimy nikomu go nie podawać.`,

  invitation: "Zaproszenie",
  invites: (inviter, group) => `${inviter} zaprasza do grupy ${group}`,
  whatToriumIs: "Torium przypomina członkom grupy o wspólnych planach: SMS-em, e-mailem lub powiadomieniem.",
  howToJoin: "Aby dołączyć, wystarczy założyć konto na ten adres e-mail:",
  join: "Dołącz w Torium",
  howToAnswer: "Zaproszenie czeka w aplikacji Torium: tam można je przyjąć lub odrzucić.",
  byMistake: "Jeśli to pomyłka, nie trzeba nic robić.",

  sentBy: "Wiadomość od Torium.",
  unsubscribe: "Rezygnacja z wiadomości",

  pages: {
    ask: {
      title: "Zrezygnować z e-maili?",
      text: (email) => `Torium nie będzie już wysyłać wiadomości na ${email}.`,
      button: "Rezygnuję",
    },
    done: {
      title: "Rezygnacja przyjęta",
      text: (email) => `Torium nie wysyła już wiadomości na ${email}. Jeśli to pomyłka, można to cofnąć.`,
      button: "Cofnij rezygnację",
    },
    back: {
      title: "E-maile znów włączone",
      text: (email) => `Torium znów wysyła wiadomości na ${email}.`,
      button: "",
    },
    off: {
      title: "E-maile pozostają wyłączone",
      text: (email) =>
        `Wiadomości na ${email} wracały lub zostały zgłoszone jako niechciane. Torium ich tam nie wysyła, niezależnie od tego wyboru.`,
      button: "",
    },
    later: {
      title: "Nie teraz",
      text: (email) => `Dla ${email} nic się nie zmieniło. Prosimy spróbować ponownie za minutę.`,
      button: "",
    },
    incomplete: {
      title: "Formularz był niepełny",
      text: (email) =>
        `Dla ${email} nic się nie zmieniło. Naciśnij przycisk, aby nie dostawać więcej e-maili z Torium.`,
      button: "Rezygnuję",
    },
    bad: {
      title: "Ten link nie działa",
      text: () => "Może być niepełny lub nieaktualny. Prosimy użyć linku z nowszej wiadomości.",
      button: "",
    },
  },
  yourAddress: "Twój adres",
};
