/** How long things are kept, all in one place; `prune` deletes what is past it, and the README tells it to people. */

/** Of reminders and of who was reached how, counted from when they were settled; the export shows as much. */
export const LEDGER_MONTHS = 13;
/** Of pushes of comments, from when they were settled. */
export const COMMENT_PUSHES_DAYS = 90;
/** Of phone codes, with the number that each went to: longer than the window of every limit that counts them. */
export const PHONE_CODES_DAYS = 2;
/** Of whoever has not done anything that is limited: above every limit's window. */
export const USAGE_HOURS = 24;
/** Of invitations that were rejected or withdrawn, with what became of their message. */
export const REFUSED_INVITATIONS_DAYS = 90;
/** Of people who signed up and never confirmed their address; should they still do, they are made anew. */
export const UNCONFIRMED_PEOPLE_DAYS = 7;
/** Of dead letters, whole messages with addresses in them. */
export const DEAD_LETTERS_DAYS = 30;
export const REPLAYED_DEAD_LETTERS_DAYS = 7;
/** Of alerts, from when they were closed. */
export const CLOSED_ALERTS_DAYS = 90;
/** Of the console's used forms and ended sessions: longer than a form or a session is good. */
export const CONSOLE_FORMS_HOURS = 24;
/** Of unexpected errors: what kind, when, and in which request. */
export const WORKER_ERRORS_DAYS = 30;
/** For so long after an erasure, messages that name the person by number may still turn up: what a queue keeps a message for, and a night. */
export const TRACES_DAYS = 5;
