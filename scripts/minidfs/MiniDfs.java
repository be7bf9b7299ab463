import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.minikdc.MiniKdc;
import org.apache.hadoop.security.UserGroupInformation;

/**
 * An HDFS of one name node and one data node for tests. Arguments: its folder, the port of the name node (0: any), and a file that gets the name
 * node's host:port once the cluster is up. What the folder holds is used again.
 *
 * With two more, a folder and the protection of all that is sent (authentication, integrity, privacy), it is a secure one with a key distribution center of its own. The
 * folder gets krb5.conf, with tickets that are good for five seconds and can be renewed for an hour, and the keytabs of weir@EXAMPLE.COM, the superuser, and of stranger@EXAMPLE.COM.
 */
public class MiniDfs {
  public static void main(String[] a) throws Exception {
    File data = new File(a[0]);
    Configuration c = new Configuration();
    c.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, data.getAbsolutePath());
    c.setInt("dfs.replication", 1);
    c.setBoolean("dfs.permissions.enabled", true);
    c.set("dfs.permissions.superusergroup", "supergroup");
    boolean secure = a.length > 3;
    c.set("dfs.datanode.hostname", secure ? "localhost" : "127.0.0.1");
    if (secure) {
      secure(c, new File(a[3]), a[4]);
    }
    try (MiniDFSCluster m = new MiniDFSCluster.Builder(c).numDataNodes(1).nameNodePort(Integer.parseInt(a[1])).format(!data.exists())
        .checkDataNodeHostConfig(secure).build()) {
      m.waitActive();
      Path tmp = Paths.get(a[2] + ".tmp");
      Files.writeString(tmp, "127.0.0.1:" + m.getNameNodePort());
      Files.move(tmp, Paths.get(a[2]), StandardCopyOption.ATOMIC_MOVE);
      Thread.currentThread().join(); // until it is killed
    }
  }

  static void secure(Configuration c, File dir, String protection) throws Exception {
    dir.mkdirs();
    MiniKdc kdc = new MiniKdc(MiniKdc.createConf(), dir);
    kdc.start();
    File servers = new File(dir, "servers.keytab");
    kdc.createPrincipal(servers, "nn/localhost", "HTTP/localhost");
    for (String user : new String[] {"weir", "stranger"}) {
      kdc.createPrincipal(new File(dir, user + ".keytab"), user);
    }
    String conf = Files.readString(kdc.getKrb5conf().toPath());
    Files.writeString(Paths.get(dir.getPath(), "krb5.conf"), conf.replace("[libdefaults]", "[libdefaults]\n    ticket_lifetime = 5s\n    renew_lifetime = 1h"));

    c.set("hadoop.security.authentication", "kerberos");
    c.setBoolean("hadoop.security.authorization", true);
    c.set("hadoop.security.auth_to_local", "RULE:[2:$1](nn)s/.*/weir/\nDEFAULT");
    for (String node : new String[] {"namenode", "datanode"}) {
      c.set("dfs." + node + ".keytab.file", servers.getAbsolutePath());
      c.set("dfs." + node + ".kerberos.principal", "nn/localhost@" + kdc.getRealm()); // a process has one login
    }
    c.set("dfs.web.authentication.kerberos.principal", "HTTP/localhost@" + kdc.getRealm());
    c.set("dfs.web.authentication.kerberos.keytab", servers.getAbsolutePath());
    c.setBoolean("dfs.block.access.token.enable", true);
    c.set("dfs.data.transfer.protection", protection);
    c.set("hadoop.rpc.protection", protection);
    c.set("dfs.encrypt.data.transfer.cipher.suites", "AES/CTR/NoPadding"); // the client library can not read the older ones
    c.setBoolean("ignore.secure.ports.for.testing", true); // a data node would want ports below 1024, or HTTPS
    // Connections that are idle for a second end: the next call needs a ticket again.
    c.setInt("ipc.client.idlethreshold", 0);
    c.setInt("ipc.client.connection.maxidletime", 500);
    c.setInt("ipc.client.connection.idle-scan-interval.ms", 500);
    UserGroupInformation.setConfiguration(c);
  }
}
