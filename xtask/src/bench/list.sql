-- Images without bytes, numbered from :first to :last, as if uploaded 10 ms apart. Nine in ten
-- belong to one owner; sizes and names are in no order. One image in 10,000 has a rare type, a
-- rare width and a rare part of its name. Ten of the first thousand images have the rare tag, and
-- no others, so that its page has the same length among any number of images.
WITH RECURSIVE numbers (n) AS (
    SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last
), images_of_numbers AS (
    SELECT n, 1700000000000 + n * 10 AS created_at, n * 2654435761 % 4294967296 AS noise,
        n % 10000 = 77 AS is_rare
    FROM numbers
)
INSERT INTO images (id, owner, blob_id, chunk_size, size, sha256, content_type, width, height,
    frames, filename, sort_name, visibility, tags, metadata, created_at, updated_at)
SELECT printf('%08x-%04x-7000-8000-%012x', created_at >> 16, created_at & 65535, n),
    iif(n % 10 = 0, 'other', 'bench'), printf('bench.%d', n), 393216, 1000 + noise % 10000000,
    printf('%064x', n), iif(is_rare, 'image/avif', iif(n % 3 = 0, 'image/gif', 'image/png')),
    iif(is_rare, 9999, 100 + noise % 4000), 100 + noise % 3000, 1,
    printf('%s-%08x.png', iif(is_rare, 'needle', 'image'), noise),
    printf('%s-%08x.png', iif(is_rare, 'needle', 'image'), noise),
    iif(n % 4 = 0, 'public', 'private'),
    iif(n < 1000 AND n % 100 = 77, '["all","rare"]', iif(n % 2 = 0, '["all","half"]', '["all"]')),
    '{}', created_at, created_at
FROM images_of_numbers;
