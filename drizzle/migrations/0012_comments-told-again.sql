-- Comments told again, as events are (0011_told-again.sql). A page of comments is the same for everybody who takes part, but for how old they are and the word for who is
-- gone, which the Worker makes. Its mark is of its comments' ids and versions (xmin): one that is written, changed or taken away, and one whose author was erased or is
-- chosen by taking part no more, changes them. Only an author's new name is no write of theirs, so this trigger writes them anew. A sign-up locks them before.
CREATE FUNCTION "mark_comments_of_person"() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN
  UPDATE events_comments c SET comment = c.comment FROM (SELECT id FROM events_comments WHERE user_id = NEW.id ORDER BY id FOR NO KEY UPDATE) held WHERE c.id = held.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "users_renamed_comments" AFTER UPDATE OF "username" ON "users" FOR EACH ROW
WHEN (OLD.username IS DISTINCT FROM NEW.username) EXECUTE FUNCTION mark_comments_of_person();
--> statement-breakpoint
-- GET /event/comment: read_comments_2's page with its mark, or the mark and the asker's locale alone where that is the one `known`. Who does not take part has no mark. Both are of one
-- moment, since a stable function sees what its caller does. The comments of the mark are found as that one finds them.
CREATE FUNCTION "read_comments_3"("asker" text, "of_event" bigint, "present_only" boolean, "behind_at" timestamptz, "behind_id" bigint, "most" int, "known" text) RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  mark_and_locale CONSTANT text[] := (
    select array[case when exists (select from events_users p where p.event_id = of_event and p.user_id = me.id) then (
      select hash_array_extended(array[hash_array_extended(array_agg(c.id), 1), hash_array_extended(array_agg(c.version), 2)], 0)
      from (
        select c.id, c.xmin as version from events_comments c
        where c.event_id = of_event
          and (c.created_at, c.id) < (coalesce(behind_at, 'infinity'), coalesce(behind_id, 0))
          and (not present_only or (select true from events_users p where p.event_id = c.event_id and p.user_id = c.user_id))
        order by c.created_at desc, c.id desc limit most
      ) c
    )::text end, me.locale]
    from users me where me.cognito_user_id = asker and me.confirmed_at is not null
  );
BEGIN
  -- Nobody is known by that `asker`.
  IF mark_and_locale IS NULL THEN RETURN NULL; END IF;
  IF mark_and_locale[1] = known THEN RETURN json_build_object('mark', known, 'locale', mark_and_locale[2]); END IF;
  RETURN json_build_object('mark', mark_and_locale[1], 'page', read_comments_2(asker, of_event, present_only, behind_at, behind_id, most));
END $$;
