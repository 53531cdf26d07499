/**
 * On which channel a person is reached (RULES 12): the one they chose, e-mail where they chose none; where that cannot work, the next of e-mail,
 * push, verified SMS. One SQL expression, an ordered list with a reason at each channel that cannot work.
 */
import { type SQL, sql } from "drizzle-orm";

/**
 * `(…) choice`: one row for the person `u` (an alias of users) and the reminder whose id is given (not by the aliases of this file): `channel` ('none' where nothing is left),
 * `device_id`, and `reason`, which says why it is this one. What was tried for the reminder already, an earlier step, is passed over with
 * the error that ended it.
 */
export const channelChoice = (eventRemindersId: SQL): SQL => sql`(
  select coalesce((array_agg(c.channel) filter (where c.first))[1], 'none') as channel,
         (array_agg(c.device_id) filter (where c.first))[1] as device_id,
         case when bool_or(c.first and c.rank = 0 and c.tried = 0)
              then case when u.reminder_preferences is null then 'default' else 'chosen' end
              else coalesce(string_agg(c.channel || ': ' || c.refusal, '; ' order by c.place) filter (where c.refusal is not null and not c.reached), 'chosen')
         end as reason
  from (
    select o.*, row_number() over place as place,
           count(*) filter (where o.refusal like 'tried%') over () as tried,
           bool_or(o.refusal is null) over place as reached,
           o.refusal is null and count(*) filter (where o.refusal is null) over place = 1 as first
    from (${options(eventRemindersId)}) o
    window place as (order by o.rank, o.registered_at desc nulls last, o.device_id desc)
  ) c
) choice`;

/** Every channel of the person `u` with its rank and why it cannot work; push once for each live device. */
const options = (eventRemindersId: SQL): SQL => sql`
  select k.channel, k.rank, d.id as device_id, d.registered_at,
         coalesce(
           case k.channel
             when 'sms' then case when u.mobile_number is null then 'no_verified_number' else s.reason end
             when 'email' then s.reason
             else case when d.id is null then 'no_live_device' end
           end,
           case when w.user_id is not null then 'switched_off' end,
           'tried, ' || t.error
         ) as refusal
  from (values ('sms', case when u.reminder_preferences = 'SMS' then 0 else 3 end),
               ('email', case when coalesce(u.reminder_preferences, 'EMAIL') = 'EMAIL' then 0 else 1 end),
               ('push', case when u.reminder_preferences = 'PUSH' then 0 else 2 end)) k (channel, rank)
  left join devices d on k.channel = 'push' and d.user_id = u.id and d.dead_at is null
  left join suppressed_addresses s on s.channel = k.channel::channel and s.address = case k.channel when 'sms' then u.mobile_number when 'email' then u.email end
  left join notification_preferences w on w.user_id = u.id and w.kind = 'reminder' and w.channel = k.channel::channel
  left join lateral (
    select coalesce(tried.last_error, tried.status::text) as error
    from event_reminders_logs tried
    where tried.event_reminders_id = ${eventRemindersId} and tried.user_id = u.id and tried.channel = k.channel::channel
      and (k.channel <> 'push' or tried.device_id = d.id) and tried.last_error is distinct from 'address_changed'
    order by tried.step desc limit 1
  ) t on true`;
