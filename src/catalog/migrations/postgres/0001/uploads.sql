-- Uploads that arrive piece by piece.

-- Begins an upload, whose owner has less than _most open ones and keeps at most so many images and
-- bytes already.
CREATE FUNCTION darkroom_begin_upload_v1(
    _id text, _owner text, _is_partial bigint, _image text, _begun_by text, _terms text,
    _received bigint, _length bigint, _epoch bigint, _created_at bigint, _deadline bigint,
    _expires_at bigint, _most bigint, _most_images bigint, _most_bytes bigint
) RETURNS SETOF text LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM darkroom_lock_account_v1(_owner);
    RETURN QUERY
    INSERT INTO resumable_uploads (id, owner, is_partial, image_id, begun_by, terms, received,
        length, epoch, created_at, deadline, expires_at)
    SELECT _id, _owner, _is_partial, _image, _begun_by, _terms, _received, _length, _epoch,
        _created_at, _deadline, _expires_at
    WHERE _most > (
            SELECT count(*) FROM resumable_uploads WHERE owner = _owner AND completed_at IS NULL)
        AND darkroom_kept_images_v1(_owner) <= _most_images
        AND darkroom_kept_bytes_v1(_owner) <= _most_bytes
    ON CONFLICT (begun_by) WHERE begun_by IS NOT NULL DO NOTHING
    RETURNING id;
    PERFORM darkroom_unlock_account_v1(_owner);
END $function$;

-- Locks an upload, and the account of its owner if its length is not known, so that bytes can be
-- added up to _end. Returns its deadline if they may be added: it is still at this position, it
-- does not become longer than its length, and its owner may keep the bytes that were not reserved.
CREATE FUNCTION darkroom_grow_upload_v1(
    _id text, _received bigint, _epoch bigint, _end bigint, _most_bytes bigint
) RETURNS bigint LANGUAGE plpgsql AS $function$
DECLARE
    _upload resumable_uploads;
    _admits boolean;
BEGIN
    SELECT * INTO _upload FROM resumable_uploads WHERE id = _id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF _upload.length IS NULL THEN
        PERFORM darkroom_lock_account_v1(_upload.owner);
        _admits := darkroom_kept_bytes_v1(_upload.owner) + _end - _received <= _most_bytes;
        PERFORM darkroom_unlock_account_v1(_upload.owner);
    END IF;
    SELECT * INTO _upload FROM resumable_uploads WHERE id = _id FOR UPDATE;
    IF _upload.received = _received AND _upload.epoch = _epoch AND _upload.completed_at IS NULL
        AND _end <= coalesce(_upload.length, _end) AND (_upload.length IS NOT NULL OR _admits)
    THEN
        RETURN _upload.deadline;
    END IF;
    RETURN NULL;
END $function$;

-- Adds a segment, which replaces the tail, if its lease is in force at the time _now.
CREATE FUNCTION darkroom_append_segment_v1(
    _id text, _start bigint, _received bigint, _epoch bigint, _most_bytes bigint,
    _expires_at bigint, _blob text, _size bigint, _chunk_size bigint, _lease text, _now bigint
) RETURNS SETOF text LANGUAGE plpgsql AS $function$
DECLARE
    _deadline bigint;
BEGIN
    -- The sweep of the lease has to wait until the segment is recorded.
    PERFORM 1 FROM leases WHERE id = _lease AND expires_at > _now FOR SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    _deadline := darkroom_grow_upload_v1(_id, _received, _epoch, _start + _size, _most_bytes);
    IF _deadline IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM upload_tails WHERE upload_id = _id;
    UPDATE resumable_uploads
    SET received = _start + _size, expires_at = least(_deadline, _expires_at) WHERE id = _id;
    INSERT INTO upload_segments (upload_id, start_at, blob_id, size, chunk_size, expires_at)
    VALUES (_id, _start, _blob, _size, _chunk_size, least(_deadline, _expires_at));
    RETURN NEXT _id;
END $function$;

-- Adds bytes to the tail. Many short pieces become one, so that each adds little, and a tail is
-- read in a few rows.
CREATE FUNCTION darkroom_append_tail_v1(
    _id text, _start bigint, _received bigint, _epoch bigint, _most_bytes bigint,
    _expires_at bigint, _bytes bytea
) RETURNS SETOF text LANGUAGE plpgsql AS $function$
DECLARE
    _end bigint := _start + octet_length(_bytes);
    _deadline bigint := darkroom_grow_upload_v1(_id, _received, _epoch, _end, _most_bytes);
    _first bigint;
BEGIN
    IF _deadline IS NULL THEN
        RETURN;
    END IF;
    UPDATE resumable_uploads
    SET received = _end, expires_at = least(_deadline, _expires_at) WHERE id = _id;
    INSERT INTO upload_tails (upload_id, start_at, bytes, expires_at)
    VALUES (_id, _start, _bytes, least(_deadline, _expires_at));
    IF (SELECT count(*) FROM upload_tails WHERE upload_id = _id) >= 32 THEN
        _first := (SELECT min(start_at) FROM upload_tails WHERE upload_id = _id);
        UPDATE upload_tails
        SET bytes = (
            SELECT string_agg(piece.bytes, ''::bytea ORDER BY piece.start_at)
            FROM upload_tails AS piece WHERE piece.upload_id = _id)
        WHERE upload_id = _id AND start_at = _first;
        DELETE FROM upload_tails WHERE upload_id = _id AND start_at > _first;
    END IF;
    RETURN NEXT _id;
END $function$;

-- Sets the length of an upload that has none, whose owner may then keep at most _most_bytes.
CREATE FUNCTION darkroom_set_length_v1(_id text, _length bigint, _most_bytes bigint)
RETURNS SETOF text LANGUAGE plpgsql AS $function$
DECLARE
    _owner text := (SELECT owner FROM resumable_uploads WHERE id = _id);
BEGIN
    IF _owner IS NULL THEN
        RETURN;
    END IF;
    PERFORM darkroom_lock_account_v1(_owner);
    PERFORM 1 FROM resumable_uploads WHERE id = _id FOR UPDATE;
    RETURN QUERY
    UPDATE resumable_uploads SET length = _length
    WHERE id = _id AND length IS NULL AND received <= _length AND completed_at IS NULL
        AND darkroom_kept_bytes_v1(_owner) + _length - received <= _most_bytes
    RETURNING id;
    PERFORM darkroom_unlock_account_v1(_owner);
END $function$;
