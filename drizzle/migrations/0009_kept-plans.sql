-- Runs a statement that answers one row (bigint, json, text) as one that this session has prepared, and prepares it where it is new. Over HTTP each
-- statement comes unnamed and is planned anew for each request; a session of the pool serves many, and planning a read takes longer than running it.
-- The plan is the general one, so that it is the same for everybody and can be looked at before.
-- A statement's name is its text's digest: a new version of the Worker never meets a plan of the one before.
CREATE FUNCTION "run_prepared"("statement" text, "arguments" text[], OUT "caller" bigint, OUT "facts" json, OUT "list" text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  prepared CONSTANT text := quote_ident('torium_' || md5(statement));
  run CONSTANT text := 'EXECUTE ' || prepared || coalesce(
    (SELECT '(' || string_agg(quote_nullable(argument), ', ' ORDER BY place) || ')'
     FROM unnest(arguments) WITH ORDINALITY AS given (argument, place)), '');
BEGIN
  BEGIN
    EXECUTE run INTO caller, facts, list;
  EXCEPTION WHEN invalid_sql_statement_name THEN
    EXECUTE 'PREPARE ' || prepared || ' AS ' || statement;
    EXECUTE run INTO caller, facts, list;
  END;
END
$$;
