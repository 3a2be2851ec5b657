<?php

/**
 * Refuses further logins from an address that failed too often, whatever the accounts: Roundcube itself counts only for
 * accounts that have logged in before.
 */
class postmaster_login_limit extends rcube_plugin
{
    public $task = 'login';
    public $noajax = true;

    private $cache;
    private $attempts;

    public function init()
    {
        $config = rcmail::get_instance()->config;
        $this->attempts = (int) $config->get('postmaster_login_limit_attempts', 20);
        if ($this->attempts < 1) {
            return;
        }
        $minutes = max(1, (int) $config->get('postmaster_login_limit_minutes', 10));
        $config->set('postmaster_login_limit_cache', 'db');
        $config->set('postmaster_login_limit_cache_ttl', "{$minutes}m");
        $this->cache = rcmail::get_instance()->get_cache_shared('postmaster_login_limit', false);
        $this->add_hook('authenticate', [$this, 'before']);
        $this->add_hook('login_failed', [$this, 'failed']);
    }

    public function before($login)
    {
        if ($this->failures() >= $this->attempts) {
            rcube::write_log('userlogins', sprintf('Refused login for %s from %s: too many failed ones', $login['user'], rcube_utils::remote_ip()));
            $login['abort'] = true;
            $login['error'] = rcmail::ERROR_RATE_LIMIT;
        }
        return $login;
    }

    public function failed($login)
    {
        // A refused login counts, too, but that does not make the time longer.
        if ($this->failures() < $this->attempts) {
            $this->cache->set($this->key(), $this->failures() + 1);
        }
        return $login;
    }

    private function failures()
    {
        return (int) $this->cache->get($this->key());
    }

    private function key()
    {
        return 'address.' . bin2hex((string) inet_pton(self::network(rcube_utils::remote_addr())));
    }

    // Who has an address of IPv6 has all of its network.
    private static function network($address)
    {
        $packed = inet_pton($address);
        return $packed !== false && strlen($packed) === 16 ? inet_ntop(substr($packed, 0, 8) . str_repeat("\0", 8)) : $address;
    }
}
