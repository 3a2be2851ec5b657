<?php
// Makes the tables of Roundcube, or brings them to what the installed release needs. Prints one line, which ends with what was done.
// php database.php DIRECTORY [--check]: the folder of Roundcube; what would be done.

if ($argc < 2) {
    fwrite(STDERR, "usage: php {$argv[0]} DIRECTORY [--check]\n");
    exit(2);
}
define('INSTALL_PATH', rtrim($argv[1], '/') . '/');
require_once INSTALL_PATH . 'program/include/clisetup.php';

$check = in_array('--check', $argv, true);
$folder = INSTALL_PATH . 'SQL';
$db = rcmail_utils::db();

$versions = [];
foreach (glob("$folder/{$db->db_provider}/*.sql") as $file) {
    $versions[] = (int) basename($file, '.sql');
}
$wanted = max($versions);

if (!in_array($db->table_name('system'), (array) $db->list_tables())) {
    if (!$check) {
        ob_start();
        rcmail_utils::db_init($folder);
        ob_end_clean();
    }
    echo "schema $wanted: created\n";
    exit(0);
}

$present = (int) rcmail_utils::db_version('roundcube');
if ($present >= $wanted) {
    echo "schema $present: unchanged\n";
    exit(0);
}
if (!$check && !rcmail_utils::db_update($folder, 'roundcube', null, ['quiet' => true, 'errors' => true])) {
    fwrite(STDERR, "The schema of Roundcube's database stays at $present; the release needs $wanted.\n");
    exit(1);
}
echo "schema $wanted: updated from $present\n";
