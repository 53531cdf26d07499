CREATE TABLE "console_forms" (
	"form" text PRIMARY KEY NOT NULL,
	"spent_at" timestamp(3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "console_forms_spent" ON "console_forms" USING btree ("spent_at");--> statement-breakpoint
CREATE INDEX "dead_letters_queue" ON "dead_letters" USING btree ("queue","id");--> statement-breakpoint
CREATE INDEX "dead_letters_waiting" ON "dead_letters" USING btree ("queue","id") WHERE replayed_at is null;--> statement-breakpoint
CREATE INDEX "event_reminders_unsent" ON "event_reminders" USING btree ("status","due_at") WHERE status in ('suppressed', 'expired');