ALTER TYPE "public"."usage_kind" ADD VALUE 'export';--> statement-breakpoint
CREATE INDEX "pending_erasures_age" ON "pending_erasures" USING btree ("kind","created_at");