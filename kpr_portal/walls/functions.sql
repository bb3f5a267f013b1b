-- What policies ask. All belong to kpr_owner, and name everything in full: nothing of the caller's can come in between.

CREATE TABLE IF NOT EXISTS kpr.key (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), secret bytea NOT NULL);
CREATE TABLE IF NOT EXISTS kpr.applied (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), digest text NOT NULL);

-- The values of one of the settings that municipalities/database.py tells, if the application told them; else none.
CREATE OR REPLACE FUNCTION kpr.proven(setting text, separator text DEFAULT ',') RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  shown text := coalesce(current_setting('kpr.proof', true), '');
  until text := coalesce(current_setting('kpr.until', true), '');
  secret bytea;
BEGIN
  IF shown = '' THEN
    RETURN '{}';
  END IF;
  SELECT key.secret INTO secret FROM kpr.key;
  IF shown IS DISTINCT FROM encode(sha256(secret || sha256(secret || convert_to(
      until || '|' || coalesce(current_setting('kpr.municipalities', true), '') || '|'
      || coalesce(current_setting('kpr.units', true), '') || '|' || coalesce(current_setting('kpr.facts', true), ''),
      'UTF8'))), 'hex')
    OR until::bigint < extract(epoch FROM clock_timestamp()) THEN
    RETURN '{}';
  END IF;
  RETURN coalesce(string_to_array(nullif(current_setting(setting, true), ''), separator), '{}');
END $$;

-- What was proven of one kind: kpr.known('user') is {5} where the fact is `user:5`.
CREATE OR REPLACE FUNCTION kpr.known(kind text) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(array_agg(substr(fact, length(kind) + 2)), '{}')
    FROM unnest(kpr.proven('kpr.facts', chr(31))) AS fact WHERE starts_with(fact, kind || ':')
  );
END $$;

-- The municipalities in which the viewer leads units.
CREATE OR REPLACE FUNCTION kpr.places_of_units() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(array_agg(DISTINCT split_part(unit, ':', 1)), '{}') FROM unnest(kpr.proven('kpr.units')) AS unit
  );
END $$;

CREATE OR REPLACE FUNCTION kpr.place_of_submission(submission bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT s.municipality_id FROM public.submissions_submission s WHERE s.id = submission);
END $$;

CREATE OR REPLACE FUNCTION kpr.place_of_result(result bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT kpr.place_of_submission(r.submission_id) FROM public.quality_checkresult r WHERE r.id = result);
END $$;

-- Whether the person has a service from one of the viewer's units.
CREATE OR REPLACE FUNCTION kpr.unit_serves(person bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  units text[] := kpr.proven('kpr.units');
BEGIN
  RETURN EXISTS (
    SELECT FROM public.submissions_service v
    WHERE v.person_id = person AND v.municipality_id || ':' || v.organisation_number = ANY (units)
  );
END $$;

-- Whether the offending row is of a service that one of the viewer's units gives, or of a person whom it serves.
CREATE OR REPLACE FUNCTION kpr.unit_has_row(person bigint, service bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  units text[] := kpr.proven('kpr.units');
BEGIN
  IF service IS NULL THEN
    RETURN kpr.unit_serves(person);
  END IF;
  RETURN EXISTS (
    SELECT FROM public.submissions_service v
    WHERE v.id = service AND v.municipality_id || ':' || v.organisation_number = ANY (units)
  );
END $$;

-- Whether the result has rows in one of the viewer's units.
CREATE OR REPLACE FUNCTION kpr.concerns_unit(result bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  place text := kpr.place_of_result(result);
  units text[] := kpr.proven('kpr.units');
BEGIN
  RETURN EXISTS (
    SELECT FROM public.quality_unitresult u
    WHERE u.result_id = result AND place || ':' || u.organisation_number = ANY (units)
  );
END $$;

-- How many other municipalities report the person in current messages for the same year: the number alone, never which.
-- It goes from one municipality and submission to the next in the index, past all rows between; so that it takes no longer
-- where thousands of rows have the same identity number. `enough` ends it there.
CREATE OR REPLACE FUNCTION kpr.other_municipalities(asked bigint, enough integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 1000 SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  alias uuid;
  home text;
  in_year smallint;
  line text;
  place text := '';
  sent bigint;
  others integer := 0;
BEGIN
  SELECT p.pseudonym, p.municipality_id, s.year, m.lineage INTO alias, home, in_year, line
  FROM public.submissions_person p JOIN public.submissions_submission s ON s.id = p.submission_id
  JOIN public.municipalities_municipality m ON m.code = p.municipality_id
  WHERE p.id = asked;
  IF coalesce(nullif(current_setting('role'), 'none'), session_user) = 'kpr_web'
    AND NOT (home = ANY (kpr.proven('kpr.municipalities')) OR kpr.unit_serves(asked)) THEN
    RETURN NULL;
  END IF;
  WHILE others < enough LOOP
    SELECT p.municipality_id INTO place FROM public.submissions_person p
    WHERE p.pseudonym = alias AND p.municipality_id > place ORDER BY p.municipality_id LIMIT 1;
    EXIT WHEN NOT FOUND;
    CONTINUE WHEN place = home
      OR line = (SELECT m.lineage FROM public.municipalities_municipality m WHERE m.code = place);
    sent := 0;
    LOOP
      SELECT p.submission_id INTO sent FROM public.submissions_person p
      WHERE p.pseudonym = alias AND p.municipality_id = place AND p.submission_id > sent
      ORDER BY p.submission_id LIMIT 1;
      EXIT WHEN NOT FOUND;
      IF EXISTS (
        SELECT FROM public.submissions_submission s
        WHERE s.id = sent AND s.year = in_year AND s.is_current AND NOT s.dry_run
      ) THEN
        others := others + 1;
        EXIT;
      END IF;
    END LOOP;
  END LOOP;
  RETURN others;
END $$;

-- The log takes the server's clock, whatever was given, and nothing of the last month can be taken out of it.
CREATE OR REPLACE FUNCTION kpr.keep_the_log() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.at := clock_timestamp();
    RETURN NEW;
  END IF;
  IF OLD.at > clock_timestamp() - interval '30 days' THEN
    RAISE insufficient_privilege USING MESSAGE = 'events of the last 30 days stay in the log';
  END IF;
  RETURN OLD;
END $$;
CREATE OR REPLACE TRIGGER keep_the_log BEFORE INSERT OR DELETE ON public.municipalities_auditevent
FOR EACH ROW EXECUTE FUNCTION kpr.keep_the_log();

-- A worker that closes an account that nobody uses cannot give it a password that somebody knows.
CREATE OR REPLACE FUNCTION kpr.close_accounts_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_user = 'kpr_worker' AND (left(NEW.password, 1) <> '!' OR NEW.is_active) THEN
    RAISE insufficient_privilege USING MESSAGE = 'a worker closes accounts, and opens none';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER close_accounts_only BEFORE UPDATE ON public.municipalities_user
FOR EACH ROW EXECUTE FUNCTION kpr.close_accounts_only();

REVOKE ALL ON ALL TABLES IN SCHEMA kpr FROM PUBLIC, kpr_web, kpr_registry, kpr_worker;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kpr FROM PUBLIC, kpr_web, kpr_registry, kpr_worker;
GRANT USAGE ON SCHEMA kpr TO kpr_web, kpr_registry, kpr_worker;
GRANT EXECUTE ON FUNCTION kpr.proven(text, text), kpr.known(text), kpr.places_of_units(), kpr.place_of_submission(bigint),
  kpr.place_of_result(bigint), kpr.unit_serves(bigint), kpr.unit_has_row(bigint, bigint), kpr.concerns_unit(bigint)
  TO kpr_web;
GRANT EXECUTE ON FUNCTION kpr.proven(text, text), kpr.known(text) TO kpr_registry;
GRANT EXECUTE ON FUNCTION kpr.other_municipalities(bigint, integer) TO kpr_web, kpr_registry, kpr_worker;
