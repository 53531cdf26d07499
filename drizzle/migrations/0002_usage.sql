CREATE TYPE "public"."usage_kind" AS ENUM('comment', 'invitation', 'unknown_invitation');--> statement-breakpoint
CREATE TABLE "usage" (
	"user_id" bigint NOT NULL,
	"kind" "usage_kind" NOT NULL,
	"used_at" timestamp(3) with time zone[] NOT NULL,
	CONSTRAINT "usage_user_id_kind_pk" PRIMARY KEY("user_id","kind")
);
--> statement-breakpoint
ALTER TABLE "usage" ADD CONSTRAINT "usage_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;