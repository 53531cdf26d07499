-- What the app fills its screens with. Over HTTP each statement comes unnamed and is planned anew for each request, and planning these takes longer than running
-- them; a function's statement is planned once in a session of the pool. The plan is the general one, so that it is the same for everybody and can be looked at before.
-- Each answers one json with the asker's id as `caller`, and null where nobody is known by that `asker`. Money is text, since it is exact; instants and walls are as PostgreSQL writes them
-- in JSON: the Worker makes of them what the app reads, faster than the database would. What many rows share is told once.
-- A changed read is another function, by the next number: the Worker of the version before asks for its own until the new one is deployed.

-- GET /users. The device is the live one that was registered last.
CREATE FUNCTION "read_profile_1"("asker" text) RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN (
  select row_to_json(x)
  from (
    select u.id as caller, u.username, u.email, u.mobile_number, u.reminder_preferences, u.cognito_user_id, d.device_arn, d.device_token, u.organization_id,
           (select name from organizations where id = u.organization_id) as organization_name, u.time_zone, u.locale
    from users u left join lateral (
      select device_arn, device_token from devices where user_id = u.id and dead_at is null
      order by registered_at desc, id desc limit 1
    ) d on true
    where u.cognito_user_id = asker and u.confirmed_at is not null
  ) x
); END $$;
--> statement-breakpoint
-- GET /groups: the asker's, by id, behind the one given.
CREATE FUNCTION "read_groups_1"("asker" text, "behind_id" bigint, "most" int) RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN (
  select json_build_object('caller', me.id, 'list', (
    select coalesce(json_agg(x), '[]')
    from (
      select g.id as group_id, g.name, g.description, g.admin_id, own.status
      from (
        select group_id, status from group_members where user_id = me.id and group_id > behind_id order by group_id limit most
      ) own join groups g on g.id = own.group_id
      order by g.id
    ) x
  ))
  from users me where me.cognito_user_id = asker and me.confirmed_at is not null
); END $$;
--> statement-breakpoint
-- GET /event/comment: newest first, behind the one given, where the asker takes part; `takes_part` null: they are a stranger to the event. `present_only` leaves
-- out authors who take part no more; not by EXISTS, which beside OR may be answered by reading all who take part anywhere. A comment is [id, user_id, username, comment, created_at], which the database writes faster than an object; its author null where gone.
CREATE FUNCTION "read_comments_1"("asker" text, "of_event" bigint, "present_only" boolean, "behind_at" timestamptz, "behind_id" bigint, "most" int) RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN (
  select json_build_object('caller', me.id, 'locale', me.locale, 'takes_part', me.takes_part, 'list', (
    select coalesce(json_agg(json_build_array(c.id, c.user_id, (select username from users u where u.id = c.user_id), c.comment, c.created_at)), '[]')
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
--> statement-breakpoint
-- GET /event: those that the asker takes part in, by time, behind the one given; of one group, or just one, where asked. What is many for an event is a subquery of
-- its own, and people are looked up by their ids: so the work grows with the page alone, however few events the planner expects. That a participant is a member is
-- what the foreign keys hold. A page ends where its events have more than `most_people` together, behind its first event at the earliest; `found` counts without that end.
-- `upcoming` is what the row remembers, or null; where that is much, the first of it after `seen_at`.
-- A person is [id, email, username], a group [id, name, the asker's role], an exception [occurrence, moved_to]; `people` of an event are ids.
CREATE FUNCTION "read_events_1"("asker" text, "in_group" bigint, "just_event" bigint, "behind_at" timestamptz, "behind_id" bigint, "most" int, "most_people" int, "seen_at" timestamptz) RETURNS json
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN (
  select (with page as materialized (
    select e.*, row_number() over by_time as place, sum(1 + cardinality(e.people)) over by_time as weight
    from (
      select e.id, e.name, e.description, e.is_budget, e.budget, e.currency, e.group_id, e.event_timestamp, e.time_zone, e.starts_at, e.recurrence,
             e.schedule_period, e.upcoming, e.created_at,
             array(select eu.user_id from events_users eu where eu.event_id = e.id order by eu.user_id) as people
      from events_users own join events e on e.id = own.event_id
      where own.user_id = me.id
        and own.event_id between coalesce(just_event, 0) and coalesce(just_event, 9223372036854775807)
        and (in_group is null or own.group_id = in_group)
        and (e.starts_at, e.id) > (coalesce(behind_at, '-infinity'), coalesce(behind_id, 0))
      order by e.starts_at, e.id limit most
    ) e
    window by_time as (order by e.starts_at, e.id)
  ), shown as materialized (
    select * from page where weight <= most_people or place = 1
  )
  select json_build_object('caller', me.id, 'found', (select count(*) from page), 'people', (
    select json_agg(json_build_array(u.id, u.email, u.username))
    from (select distinct unnest(people) as id from shown) x left join lateral (select u.* from users u where u.id = x.id limit 1) u on true
    where u.id is not null
  ), 'groups', (
    select json_agg(json_build_array(g.id, g.name, gm.status))
    from (select distinct group_id from shown) x join groups g on g.id = x.group_id
    join group_members gm on gm.group_id = x.group_id and gm.user_id = me.id
  ), 'list', (
    select coalesce(json_agg(x), '[]')
    from (
      select e.id, e.name, e.description, e.is_budget, e.budget::text as budget, e.currency, e.group_id, e.event_timestamp, e.time_zone, e.starts_at, e.recurrence,
             e.schedule_period, e.created_at, e.people,
             case when jsonb_array_length(e.upcoming) <= 4 then e.upcoming else (
               select jsonb_build_array(o) from jsonb_array_elements(e.upcoming) o where (o ->> 'starts_at')::timestamptz > seen_at
               order by (o ->> 'starts_at')::timestamptz limit 1
             ) end as upcoming,
             (select json_agg(json_build_array(x.event_timestamp, x.moved_to) order by x.event_timestamp) from event_exceptions x where x.event_id = e.id) as exceptions,
             array(select l.lead from event_leads l where l.event_id = e.id and not l.fallback and l.user_id is null order by l.id) as leads
      from shown e order by e.place
    ) x
  )))
  from users me where me.cognito_user_id = asker and me.confirmed_at is not null
); END $$;
