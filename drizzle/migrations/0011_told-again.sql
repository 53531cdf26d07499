-- Told again. The app asks for its events each time that their screen is opened, and mostly nothing has changed since: then the Worker has the page still, and the
-- database says by a mark that it holds. A mark is of the versions (xmin) of the rows that a page is made from; a row that is written has another version in every
-- case. The verbs write an event's row with whatever they write of its participants, exceptions and leads, and so must whoever writes those by hand; who leaves with a
-- membership, and what else a page tells of people, is marked by the rows of their groups, which the triggers below write anew. So a mark needs none of the people, who
-- are many. What time brings is not marked: the Worker forgets a page once one of its next occurrences has begun.

-- Who leaves a group, in whatever way, has left its events, and roles are told with each event. Each way to either locks the group first.
CREATE FUNCTION "mark_groups"() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN
  UPDATE groups g SET name = g.name FROM (SELECT id FROM groups WHERE id IN (SELECT group_id FROM former) ORDER BY id FOR NO KEY UPDATE) held WHERE g.id = held.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "group_members_left" AFTER DELETE ON "group_members" REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION mark_groups();
--> statement-breakpoint
CREATE TRIGGER "group_members_changed" AFTER UPDATE ON "group_members" REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION mark_groups();
--> statement-breakpoint
CREATE FUNCTION "mark_groups_of_person"() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN
  UPDATE groups g SET name = g.name
  FROM (SELECT id FROM groups WHERE id IN (SELECT group_id FROM group_members WHERE user_id = NEW.id) ORDER BY id FOR NO KEY UPDATE) held WHERE g.id = held.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "users_renamed" AFTER UPDATE OF "email", "username" ON "users" FOR EACH ROW
WHEN (OLD.email IS DISTINCT FROM NEW.email OR OLD.username IS DISTINCT FROM NEW.username) EXECUTE FUNCTION mark_groups_of_person();
--> statement-breakpoint
-- GET /event: read_events_1's page with its mark, or the mark alone where that is the one `known`. Both are of one moment, since a stable function sees what its
-- caller does. The events of the mark are found as that one finds them.
CREATE FUNCTION "read_events_2"("asker" text, "in_group" bigint, "just_event" bigint, "behind_at" timestamptz, "behind_id" bigint, "most" int, "most_people" int, "seen_at" timestamptz, "known" text) RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  mark CONSTANT text := (
    select (
      select hash_array_extended(array[hash_array_extended(array_agg(e.id), 1), hash_array_extended(array_agg(e.version), 2), (
        select hash_array_extended(array_agg(g.version), 3)
        from (select distinct unnest(array_agg(e.group_id)) as id) x left join lateral (select xmin as version from groups where id = x.id limit 1) g on true
      )], 0)
      from (
        select e.id, e.xmin as version, e.group_id
        from events_users own join events e on e.id = own.event_id
        where own.user_id = me.id
          and own.event_id between coalesce(just_event, 0) and coalesce(just_event, 9223372036854775807)
          and (in_group is null or own.group_id = in_group)
          and (e.starts_at, e.id) > (coalesce(behind_at, '-infinity'), coalesce(behind_id, 0))
        order by e.starts_at, e.id limit most
      ) e
    )::text
    from users me where me.cognito_user_id = asker and me.confirmed_at is not null
  );
BEGIN
  -- Nobody is known by that `asker`.
  IF mark IS NULL THEN RETURN NULL; END IF;
  IF mark = known THEN RETURN json_build_object('mark', mark); END IF;
  RETURN json_build_object('mark', mark, 'page', read_events_1(asker, in_group, just_event, behind_at, behind_id, most, most_people, seen_at));
END $$;
--> statement-breakpoint
-- GET /event/comment, as read_comments_1 has it, told by columns: [ids, user_ids, usernames, comments, instants], each null where there is no comment.
CREATE FUNCTION "read_comments_2"("asker" text, "of_event" bigint, "present_only" boolean, "behind_at" timestamptz, "behind_id" bigint, "most" int) RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN (
  select json_build_object('caller', me.id, 'locale', me.locale, 'takes_part', me.takes_part, 'columns', (
    select json_build_array(array_agg(c.id), array_agg(c.user_id), array_agg((select username from users u where u.id = c.user_id)), array_agg(c.comment), array_agg(c.created_at))
    from (
      select c.id, c.user_id, c.comment, c.created_at from events_comments c
      where c.event_id = of_event and me.takes_part
        and (c.created_at, c.id) < (coalesce(behind_at, 'infinity'), coalesce(behind_id, 0))
        and (not present_only or (select true from events_users p where p.event_id = c.event_id and p.user_id = c.user_id))
      order by c.created_at desc, c.id desc limit most
    ) c
  ))
  from (
    select u.id, u.locale, case
             when exists (select from events_users p where p.event_id = of_event and p.user_id = u.id) then true
             else (select false from events e join group_members m on m.group_id = e.group_id and m.user_id = u.id where e.id = of_event)
           end as takes_part
    from users u where u.cognito_user_id = asker and u.confirmed_at is not null offset 0
  ) me
); END $$;
