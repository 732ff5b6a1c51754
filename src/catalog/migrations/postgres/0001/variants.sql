-- Derived images.

-- Claims a variant that nobody makes and that is not stored.
CREATE FUNCTION darkroom_claim_variant_v1(
    _image text, _transform text, _claim text, _now bigint, _until bigint, _most_failures bigint
) RETURNS SETOF text LANGUAGE plpgsql AS $function$
BEGIN
    INSERT INTO variant_claims (image_id, transform, claim, expires_at)
    SELECT id, _transform, _claim, _until FROM images
    WHERE id = _image AND NOT EXISTS (
        SELECT 1 FROM failed_sources
        WHERE failed_sources.sha256 = images.sha256 AND failures >= _most_failures
            AND expires_at > _now)
    ON CONFLICT (image_id, transform) DO UPDATE
    SET claim = excluded.claim, expires_at = excluded.expires_at
    WHERE variant_claims.expires_at <= _now;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- Another request may have stored it, and so ended its claim, until this one was made.
    DELETE FROM variant_claims
    WHERE image_id = _image AND transform = _transform AND EXISTS (
        SELECT 1 FROM variants WHERE image_id = _image AND transform = _transform);
    IF NOT FOUND THEN
        RETURN NEXT _claim;
    END IF;
END $function$;

-- Stores a variant, if its image still exists, the claim and the lease hold, and all variants have
-- at most _most_bytes already.
CREATE FUNCTION darkroom_commit_variant_v1(
    _image text, _transform text, _claim text, _lease text, _blob text, _chunk_size bigint,
    _size bigint, _sha256 text, _content_type text, _width bigint, _height bigint, _frames bigint,
    _created_at bigint, _used_at bigint, _now bigint, _most_bytes bigint
) RETURNS TABLE (blob text, bytes bigint, chunk bigint) LANGUAGE plpgsql AS $function$
DECLARE
    _owner text := (SELECT owner FROM images WHERE id = _image);
BEGIN
    IF _owner IS NULL THEN
        RETURN;
    END IF;
    PERFORM darkroom_lock_account_v1(_owner);
    PERFORM 1 FROM leases WHERE id = _lease AND expires_at > _now FOR SHARE;
    IF FOUND THEN
        PERFORM 1 FROM variant_claims
        WHERE image_id = _image AND transform = _transform AND claim = _claim FOR UPDATE;
    END IF;
    IF FOUND AND _most_bytes < 9000000000000000000 THEN
        PERFORM 1 FROM variant_budget FOR UPDATE;
        PERFORM 1 FROM totals HAVING sum(variant_bytes) <= _most_bytes;
    END IF;
    IF FOUND THEN
        RETURN QUERY
        INSERT INTO variants (image_id, transform, owner, blob_id, chunk_size, size, sha256,
            content_type, width, height, frames, created_at, used_at)
        SELECT images.id, _transform, images.owner, coalesce(known.id, _blob),
            coalesce(known.chunk_size, _chunk_size), _size, _sha256, _content_type, _width,
            _height, _frames, _created_at, _used_at
        FROM images
        LEFT JOIN blobs AS known
            ON known.owner = images.owner AND known.sha256 = _sha256 AND known.refs > 0
        WHERE images.id = _image
        ON CONFLICT (image_id, transform) DO NOTHING
        RETURNING blob_id, size, chunk_size;
    END IF;
    PERFORM darkroom_unlock_account_v1(_owner);
END $function$;

-- Deletes what was derived from an image, of _owner if that is not NULL. What is being made of it
-- is not stored afterwards. Returns whether there is such an image.
CREATE FUNCTION darkroom_delete_variants_v1(_image text, _owner text) RETURNS SETOF text
LANGUAGE plpgsql AS $function$
DECLARE
    _account text := (
        SELECT owner FROM images WHERE id = _image AND (_owner IS NULL OR owner = _owner));
BEGIN
    IF _account IS NULL THEN
        RETURN;
    END IF;
    PERFORM darkroom_lock_account_v1(_account);
    DELETE FROM variant_claims WHERE image_id = _image;
    DELETE FROM variants WHERE image_id = _image;
    PERFORM darkroom_unlock_account_v1(_account);
    RETURN NEXT _image;
END $function$;

-- Deletes the least recently used variants, at most _limit, without which the rest has more than
-- _keep bytes.
CREATE FUNCTION darkroom_evict_variants_v1(_keep bigint, _limit bigint) RETURNS SETOF text
LANGUAGE plpgsql AS $function$
DECLARE
    _owners text[] := ARRAY(
        SELECT DISTINCT owner FROM (
            SELECT owner FROM variants ORDER BY used_at, image_id, transform LIMIT _limit
        ) AS oldest);
BEGIN
    PERFORM darkroom_lock_accounts_v1(_owners);
    RETURN QUERY
    DELETE FROM variants WHERE (image_id, transform) IN (
        SELECT image_id, transform FROM (
            SELECT image_id, transform, owner,
                sum(size) OVER (ORDER BY used_at, image_id, transform) - size AS freed
            FROM (
                SELECT used_at, image_id, transform, owner, size FROM variants
                ORDER BY used_at, image_id, transform LIMIT _limit) AS oldest
        ) AS counted
        WHERE freed < (SELECT sum(variant_bytes) FROM totals) - _keep AND owner = ANY(_owners))
    RETURNING image_id;
    PERFORM darkroom_unlock_accounts_v1(_owners);
END $function$;
