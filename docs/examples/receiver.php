<?php
// A CRM's side of callbridge with nothing but PHP 8.1 or newer: verify, know repeats again, keep, answer.
//
//     CALLBRIDGE_SECRET_FILE=crm.secret CALLBRIDGE_KEPT=/tmp/kept php -S 127.0.0.1:9000 receiver.php
//
// The package standard-webhooks/standard-webhooks verifies as well; this shows that there is no magic in it.

declare(strict_types=1);

const TOLERANCE_S = 5 * 60;

// The signature is over the bytes as they came, not over JSON that was parsed and written again.
function verified(string $secret, string $id, string $timestamp, string $signatures, string $body): bool
{
    if ($id === '' || !ctype_digit($timestamp) || abs(time() - (int) $timestamp) > TOLERANCE_S) {
        return false;
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    $good = false;
    foreach (explode(' ', $signatures) as $signature) { // while a secret is changed there are two
        $good = hash_equals($wanted, $signature) || $good;
    }
    return $good;
}

// A file of the event's name stands for a row of your database, where the id is unique: fopen(…, 'x') makes it once.
function took(string $id, string $body): void
{
    $folder = getenv('CALLBRIDGE_KEPT') ?: sys_get_temp_dir() . '/callbridge-kept';
    if (!is_dir($folder)) {
        @mkdir($folder, 0700, true);
    }
    $row = @fopen($folder . '/' . hash('sha256', $id), 'x');
    if ($row === false) {
        return; // delivered twice: nothing to do, and no error
    }
    fwrite($row, $body);
    fclose($row);
    $event = json_decode($body, true, 64, JSON_THROW_ON_ERROR);
    $call = $event['data']['call'] ?? null;
    $who = $call['from']['name'] ?? $call['from']['number'] ?? 'withheld';
    error_log($event['type'] . ' ' . ($call === null ? $event['data']['pbx'] : "{$call['id']} {$call['state']} $who"));
}

$secret = trim((string) file_get_contents(getenv('CALLBRIDGE_SECRET_FILE') ?: 'crm.secret'));
$body = (string) file_get_contents('php://input');
$id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
if (!verified($secret, $id, $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '', $body)) {
    http_response_code(401);
    return;
}
took($id, $body);
http_response_code(204);
