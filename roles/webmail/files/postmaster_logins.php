<?php

/**
 * Who logs in from where: refuses further logins from an address that failed too often, whatever the accounts (Roundcube
 * itself counts only for accounts that have logged in before), and tells the IMAP server the address of the person, so
 * that its log has it and it slows down nobody else.
 */
class postmaster_logins extends rcube_plugin
{
    private $cache;
    private $attempts;
    private $minutes;

    public function init()
    {
        $this->add_hook('storage_connect', [$this, 'connect']);
        $config = rcmail::get_instance()->config;
        $this->attempts = (int) $config->get('postmaster_logins_attempts', 20);
        if ($this->attempts < 1) {
            return;
        }
        $this->minutes = max(1, (int) $config->get('postmaster_logins_minutes', 10));
        $config->set('postmaster_logins_cache', 'db');
        $config->set('postmaster_logins_cache_ttl', "{$this->minutes}m");
        $this->add_hook('authenticate', [$this, 'before']);
        $this->add_hook('login_failed', [$this, 'failed']);
    }

    public function connect($connection)
    {
        $address = rcube_utils::remote_addr();
        if ($address !== '') {
            $connection['preauth_ident'] = ['x-originating-ip' => $address];
        }
        return $connection;
    }

    public function before($login)
    {
        if ($this->failures() >= $this->attempts) {
            $address = rcube_utils::remote_ip();
            rcube::write_log('userlogins', "Refused login for {$login['user']} from $address: too many failed ones");
            $login['abort'] = true;
            $login['error'] = rcmail::ERROR_RATE_LIMIT;
        }
        return $login;
    }

    public function failed($login)
    {
        // A refused login counts no more: the time does not get longer by it.
        if ($this->failures() < $this->attempts) {
            $this->cache()->set($this->key(), ($this->failures() + 1) . ' ' . (time() + 60 * $this->minutes));
        }
        return $login;
    }

    private function failures()
    {
        // The cache takes no other types, and returns what expired until it is cleaned.
        [$count, $end] = array_pad(explode(' ', (string) $this->cache()->get($this->key())), 2, 0);
        return (int) $end > time() ? (int) $count : 0;
    }

    private function cache()
    {
        if ($this->cache === null) {
            $this->cache = rcmail::get_instance()->get_cache_shared('postmaster_logins', false);
        }
        return $this->cache;
    }

    private function key()
    {
        return 'address.' . bin2hex((string) self::network(rcube_utils::remote_addr()));
    }

    // Who has an address of IPv6 has all of its network.
    private static function network($address)
    {
        $packed = (string) inet_pton($address);
        return strlen($packed) === 16 ? substr($packed, 0, 8) : $packed;
    }
}
