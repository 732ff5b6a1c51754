-- Accounts: what an owner keeps, and the locks that hold while it changes.
--
-- A function that has to keep an invariant over several rows locks them first, and looks at
-- them in statements of their own afterwards: each of those sees what has been committed by
-- then. Locks are taken in this order, and in the order of keys where there are several of a kind:
-- accounts, leases, uploads, images, tickets, keys, claims, the budget of variants. What triggers
-- change comes after all of these.

-- Locks an account. Its row is there from then on, even if the owner keeps nothing;
-- darkroom_unlock_account_v1 has to follow.
CREATE FUNCTION darkroom_lock_account_v1(_owner text) RETURNS void
LANGUAGE plpgsql AS $function$
BEGIN
    LOOP
        PERFORM 1 FROM usage WHERE owner = _owner FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO usage (owner, images, bytes) VALUES (_owner, 0, 0) ON CONFLICT DO NOTHING;
    END LOOP;
END $function$;

CREATE FUNCTION darkroom_unlock_account_v1(_owner text) RETURNS void LANGUAGE sql AS $function$
    DELETE FROM usage WHERE owner = _owner AND images = 0
$function$;

CREATE FUNCTION darkroom_lock_accounts_v1(_owners text[]) RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
    _owner text;
BEGIN
    FOR _owner IN SELECT DISTINCT owner COLLATE "C" FROM unnest(_owners) AS locked (owner) ORDER BY 1
    LOOP
        PERFORM darkroom_lock_account_v1(_owner);
    END LOOP;
END $function$;

CREATE FUNCTION darkroom_unlock_accounts_v1(_owners text[]) RETURNS void
LANGUAGE sql AS $function$
    DELETE FROM usage WHERE owner = ANY(_owners) AND images = 0
$function$;

-- How many images an owner keeps, and is uploading piece by piece.
CREATE FUNCTION darkroom_kept_images_v1(_owner text) RETURNS bigint
LANGUAGE sql STABLE AS $function$
    SELECT coalesce((SELECT images FROM usage WHERE owner = _owner), 0)
        + (SELECT count(*) FROM resumable_uploads
            WHERE owner = _owner AND completed_at IS NULL AND is_partial = 0)
$function$;

-- How many bytes an owner keeps, and has reserved for such uploads.
CREATE FUNCTION darkroom_kept_bytes_v1(_owner text) RETURNS bigint
LANGUAGE sql STABLE AS $function$
    SELECT coalesce((SELECT bytes FROM usage WHERE owner = _owner), 0)
        + coalesce((SELECT bytes FROM answer_usage WHERE owner = _owner), 0)
        + (SELECT coalesce(sum(reserved), 0)::bigint FROM resumable_uploads
            WHERE owner = _owner AND completed_at IS NULL)
$function$;
