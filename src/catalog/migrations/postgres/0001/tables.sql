-- The tables, which are those of SQLite's schema with the types of PostgreSQL. Texts are compared
-- by their bytes (the collation "C"), as SQLite does it, and so are the orders of lists. Times are
-- milliseconds since the Unix epoch; sha256 is in lower-case hex; tags are a JSON array and
-- metadata is a JSON object, as text.

-- The time of what the database itself records. Tests replace it.
CREATE FUNCTION darkroom_now() RETURNS bigint LANGUAGE sql VOLATILE AS
$function$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $function$;

-- One row per image: all that a download needs, so that it reads one row. described is the bytes
-- of tags and metadata, as JSON without its outer brackets. orientation is as Exif has it (1 to
-- 8), and the other traits are 0 or 1; they are NULL where they are not known.
CREATE TABLE images (
    id                   text COLLATE "C" CONSTRAINT images_pkey PRIMARY KEY,
    owner                text COLLATE "C" NOT NULL,
    blob_id              text COLLATE "C" NOT NULL,
    chunk_size           bigint NOT NULL,
    size                 bigint NOT NULL,
    sha256               text COLLATE "C" NOT NULL,
    original_sha256      text COLLATE "C",
    content_type         text COLLATE "C" NOT NULL,
    width                bigint NOT NULL,
    height               bigint NOT NULL,
    frames               bigint NOT NULL,
    orientation          bigint,
    has_alpha            bigint,
    has_standard_colours bigint,
    has_metadata         bigint,
    filename             text COLLATE "C",
    sort_name            text COLLATE "C" GENERATED ALWAYS AS (coalesce(filename, '')) STORED,
    visibility           text COLLATE "C" NOT NULL CHECK (visibility IN ('private', 'public')),
    tags                 text COLLATE "C" NOT NULL,
    metadata             text COLLATE "C" NOT NULL,
    described            bigint GENERATED ALWAYS AS
        (octet_length(tags) + octet_length(metadata) - 4) STORED,
    ticket               text COLLATE "C",
    link_epoch           bigint NOT NULL DEFAULT 0,
    created_at           bigint NOT NULL,
    updated_at           bigint NOT NULL
);

-- An index for each order of lists, of one owner and of everybody. What filters look at is in
-- them too, so that rows that do not match are passed over within the index.
CREATE INDEX images_by_owner ON images (owner, created_at, id)
    INCLUDE (content_type, visibility, width, height, size, sort_name);

CREATE INDEX images_by_time ON images (created_at, id)
    INCLUDE (content_type, visibility, width, height, size, sort_name);

CREATE INDEX images_by_owner_size ON images (owner, size, id)
    INCLUDE (content_type, visibility, width, height, created_at, sort_name);

CREATE INDEX images_by_size ON images (size, id)
    INCLUDE (content_type, visibility, width, height, created_at, sort_name);

CREATE INDEX images_by_owner_name ON images (owner, sort_name, id)
    INCLUDE (content_type, visibility, width, height, created_at, size);

CREATE INDEX images_by_name ON images (sort_name, id)
    INCLUDE (content_type, visibility, width, height, created_at, size);

CREATE INDEX images_by_blob ON images (blob_id);

CREATE INDEX images_by_ticket ON images (ticket) WHERE ticket IS NOT NULL;

-- One row per image and tag, with what its image is found and sorted by.
CREATE TABLE image_tags (
    id         text COLLATE "C" NOT NULL,
    tag        text COLLATE "C" NOT NULL,
    owner      text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    size       bigint NOT NULL,
    sort_name  text COLLATE "C" NOT NULL,
    PRIMARY KEY (id, tag)
);

CREATE INDEX image_tags_by_owner_time ON image_tags (owner, tag, created_at, id);

CREATE INDEX image_tags_by_owner_size ON image_tags (owner, tag, size, id);

CREATE INDEX image_tags_by_owner_name ON image_tags (owner, tag, sort_name, id);

CREATE INDEX image_tags_by_time ON image_tags (tag, created_at, id);

CREATE INDEX image_tags_by_size ON image_tags (tag, size, id);

CREATE INDEX image_tags_by_name ON image_tags (tag, sort_name, id);

-- One row per blob. A blob that nothing refers to is dead: its row is the record of what has to
-- be deleted. placeholder is ThumbHash, BlurHash and colour, separated by spaces.
CREATE TABLE blobs (
    id          text COLLATE "C" PRIMARY KEY,
    owner       text COLLATE "C" NOT NULL,
    sha256      text COLLATE "C" NOT NULL,
    size        bigint NOT NULL,
    chunk_size  bigint NOT NULL,
    refs        bigint NOT NULL CHECK (refs >= 0),
    died_at     bigint,
    placeholder text COLLATE "C"
) WITH (fillfactor = 90);

-- Equal content of one owner is one blob.
CREATE UNIQUE INDEX blobs_by_content ON blobs (owner, sha256) WHERE refs > 0;

CREATE INDEX blobs_dead ON blobs (died_at) WHERE refs = 0;

-- One row per set of blob ids that an instance may write under.
CREATE TABLE leases (
    id         text COLLATE "C" PRIMARY KEY,
    capacity   bigint NOT NULL,
    expires_at bigint NOT NULL
);

CREATE INDEX leases_by_expiry ON leases (expires_at);

-- Blobs whose bytes are deleted once more after a while.
CREATE TABLE remains (
    id         text COLLATE "C" PRIMARY KEY,
    size       bigint NOT NULL,
    chunk_size bigint NOT NULL,
    since      bigint NOT NULL
);

CREATE INDEX remains_by_time ON remains (since);

-- One row per owner who keeps images: the account, which is locked by whatever adds to what its
-- owner keeps, or changes which blobs its images refer to. bytes has what the images are described
-- by, too.
CREATE TABLE usage (
    owner  text COLLATE "C" PRIMARY KEY,
    images bigint NOT NULL,
    bytes  bigint NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX usage_by_bytes ON usage (bytes);

-- The bytes of the answers that are kept under idempotency keys, by owner.
CREATE TABLE answer_usage (
    owner text COLLATE "C" PRIMARY KEY,
    bytes bigint NOT NULL
) WITH (fillfactor = 70);

-- What all owners keep together is the sum of these rows. A connection counts in the row that the
-- number of its process chooses: connections seldom wait for each other, and a transaction never
-- holds two of the rows.
CREATE TABLE totals (
    id            bigint PRIMARY KEY,
    images        bigint NOT NULL DEFAULT 0,
    bytes         bigint NOT NULL DEFAULT 0,
    live_blobs    bigint NOT NULL DEFAULT 0,
    live_bytes    bigint NOT NULL DEFAULT 0,
    dead_blobs    bigint NOT NULL DEFAULT 0,
    dead_bytes    bigint NOT NULL DEFAULT 0,
    leases        bigint NOT NULL DEFAULT 0,
    variants      bigint NOT NULL DEFAULT 0,
    variant_bytes bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

INSERT INTO totals (id) SELECT generate_series(0, 63);

-- A single row, which is locked by whatever adds to the bytes of all variants, if those are
-- limited.
CREATE TABLE variant_budget (
    id bigint PRIMARY KEY CHECK (id = 1)
);

INSERT INTO variant_budget (id) VALUES (1);

-- One row per ticket, from its creation until a while after its end.
CREATE TABLE upload_tickets (
    id          text COLLATE "C" PRIMARY KEY,
    owner       text COLLATE "C" NOT NULL,
    name        text COLLATE "C",
    terms       text COLLATE "C" NOT NULL,
    max_uploads bigint NOT NULL,
    uploads     bigint NOT NULL DEFAULT 0,
    created_at  bigint NOT NULL,
    expires_at  bigint NOT NULL,
    revoked_at  bigint
);

CREATE INDEX upload_tickets_by_owner ON upload_tickets (owner, created_at, id);

CREATE INDEX upload_tickets_by_time ON upload_tickets (created_at, id);

CREATE INDEX upload_tickets_by_expiry ON upload_tickets (expires_at);

CREATE INDEX upload_tickets_open ON upload_tickets (owner, expires_at)
WHERE revoked_at IS NULL AND uploads < max_uploads;

-- The tickets without a row above that were used.
CREATE TABLE spent_tickets (
    id       text COLLATE "C" PRIMARY KEY,
    spent_at bigint NOT NULL
);

CREATE INDEX spent_tickets_by_time ON spent_tickets (spent_at);

-- Signed URLs with a name.
CREATE TABLE links (
    id         text COLLATE "C" PRIMARY KEY,
    image_id   text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    terms      text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);

CREATE INDEX links_by_image ON links (image_id, created_at, id);

CREATE INDEX links_by_expiry ON links (expires_at);

-- Answers to uploads that named an Idempotency-Key. charge is what an answer counts in its owner's
-- quota.
CREATE TABLE idempotency_keys (
    scope       text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    claim       text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C",
    answer      text COLLATE "C",
    expires_at  bigint NOT NULL,
    owner       text COLLATE "C",
    charge      bigint GENERATED ALWAYS AS (
        CASE WHEN owner IS NULL OR answer IS NULL THEN 0
        ELSE octet_length(scope) + octet_length(key) + octet_length(fingerprint)
            + octet_length(answer) END) STORED,
    PRIMARY KEY (scope, key)
);

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

CREATE INDEX idempotency_keys_by_owner ON idempotency_keys (owner) WHERE owner IS NOT NULL;

-- Derived images that are kept: one row per image and transform.
CREATE TABLE variants (
    image_id     text COLLATE "C" NOT NULL,
    transform    text COLLATE "C" NOT NULL,
    owner        text COLLATE "C" NOT NULL,
    blob_id      text COLLATE "C" NOT NULL,
    chunk_size   bigint NOT NULL,
    size         bigint NOT NULL,
    sha256       text COLLATE "C" NOT NULL,
    content_type text COLLATE "C" NOT NULL,
    width        bigint NOT NULL,
    height       bigint NOT NULL,
    frames       bigint NOT NULL,
    created_at   bigint NOT NULL,
    used_at      bigint NOT NULL,
    PRIMARY KEY (image_id, transform)
);

CREATE INDEX variants_by_blob ON variants (blob_id);

CREATE INDEX variants_by_use ON variants (used_at, image_id, transform);

-- One row per variant that is being made.
CREATE TABLE variant_claims (
    image_id   text COLLATE "C" NOT NULL,
    transform  text COLLATE "C" NOT NULL,
    claim      text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (image_id, transform)
);

CREATE INDEX variant_claims_by_expiry ON variant_claims (expires_at);

-- One row per content from which nothing could be derived lately.
CREATE TABLE failed_sources (
    sha256     text COLLATE "C" PRIMARY KEY,
    failures   bigint NOT NULL,
    expires_at bigint NOT NULL
);

CREATE INDEX failed_sources_by_expiry ON failed_sources (expires_at);

-- Files that arrive piece by piece.
CREATE TABLE resumable_uploads (
    id           text COLLATE "C" PRIMARY KEY,
    owner        text COLLATE "C" NOT NULL,
    is_partial   bigint NOT NULL,
    image_id     text COLLATE "C" NOT NULL,
    begun_by     text COLLATE "C",
    terms        text COLLATE "C" NOT NULL,
    received     bigint NOT NULL,
    length       bigint,
    epoch        bigint NOT NULL,
    created_at   bigint NOT NULL,
    deadline     bigint NOT NULL,
    expires_at   bigint NOT NULL,
    completed_at bigint,
    reserved     bigint GENERATED ALWAYS AS (coalesce(length, received)) STORED
);

CREATE UNIQUE INDEX resumable_uploads_by_beginning ON resumable_uploads (begun_by)
WHERE begun_by IS NOT NULL;

CREATE INDEX resumable_uploads_by_expiry ON resumable_uploads (expires_at);

CREATE INDEX resumable_uploads_by_owner
ON resumable_uploads (owner, completed_at, created_at) INCLUDE (is_partial, reserved);

-- What is stored of them as blobs.
CREATE TABLE upload_segments (
    upload_id  text COLLATE "C" NOT NULL,
    start_at   bigint NOT NULL,
    blob_id    text COLLATE "C" NOT NULL,
    size       bigint NOT NULL,
    chunk_size bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (upload_id, start_at)
);

CREATE INDEX upload_segments_by_blob ON upload_segments (blob_id);

-- What is shorter than a chunk.
CREATE TABLE upload_tails (
    upload_id  text COLLATE "C" NOT NULL,
    start_at   bigint NOT NULL,
    bytes      bytea NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (upload_id, start_at)
);

-- Who refers to a blob. transform is NULL where the image itself does.
CREATE VIEW blob_uses (blob_id, image_id, transform, owner, sha256, size, chunk_size) AS
SELECT blob_id, id, NULL::text COLLATE "C", owner, sha256, size, chunk_size FROM images
UNION ALL
SELECT blob_id, image_id, transform, owner, sha256, size, chunk_size FROM variants;
