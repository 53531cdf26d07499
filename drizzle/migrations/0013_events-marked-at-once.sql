-- GET /event: read_events_2, whose mark looks its events up by all their ids at once, and so its groups, instead of by each in turn: neighbours share a look.
CREATE FUNCTION "read_events_3"("asker" text, "in_group" bigint, "just_event" bigint, "behind_at" timestamptz, "behind_id" bigint, "most" int, "most_people" int, "seen_at" timestamptz, "known" text) RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  mark CONSTANT text := (
    select (
      select hash_array_extended(array[hash_array_extended(array_agg(e.id), 1), hash_array_extended(array_agg(e.version), 2), (
        select hash_array_extended(array_agg(g.xmin order by g.id), 3) from groups g where g.id = any(array_agg(e.group_id))
      )], 0)
      from (
        select e.id, e.xmin as version, e.group_id
        from events e
        where e.id = any(array(
            select own.event_id from events_users own
            where own.user_id = me.id
              and own.event_id between coalesce(just_event, 0) and coalesce(just_event, 9223372036854775807)
              and (in_group is null or own.group_id = in_group)
          ))
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
