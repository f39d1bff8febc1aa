package dev.lathe.serving.accounting;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.serving.settings.ClientKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The keys that open the door, each with its account. */
public final class Keyring {
  private final Map<String, KeyAccount> accounts = new LinkedHashMap<>();
  private final List<Lock> locks = new ArrayList<>();

  private record Lock(byte[] hash, KeyAccount account) {}

  public Keyring(List<ClientKey> keys) {
    for (var key : keys) {
      var account = new KeyAccount(key);
      accounts.put(key.name(), account);
      locks.add(new Lock(key.sha256().getBytes(StandardCharsets.US_ASCII), account));
    }
  }

  /** Whether there are none, so that the door stands open as it did. */
  public boolean isEmpty() {
    return accounts.isEmpty();
  }

  /**
   * Whose secret it is. The time that it takes tells nothing of it: its hash is compared with that
   * of every key, to the end.
   */
  public Optional<KeyAccount> find(String secret) {
    var hash = Sha256.of(secret).getBytes(StandardCharsets.US_ASCII);
    KeyAccount found = null;
    for (var lock : locks) {
      if (MessageDigest.isEqual(lock.hash(), hash)) {
        found = lock.account();
      }
    }
    return Optional.ofNullable(found);
  }

  public Collection<KeyAccount> accounts() {
    return accounts.values();
  }

  @Nullable KeyAccount named(String name) {
    return accounts.get(name);
  }
}
