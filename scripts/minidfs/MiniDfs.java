import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/**
 * An HDFS of one name node and one data node for tests. Arguments: its folder, the port of the name node (0: any), and a file that gets the name
 * node's host:port once the cluster is up. What the folder holds is used again.
 */
public class MiniDfs {
  public static void main(String[] a) throws Exception {
    File data = new File(a[0]);
    Configuration c = new Configuration();
    c.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, data.getAbsolutePath());
    c.setInt("dfs.replication", 1);
    c.setBoolean("dfs.permissions.enabled", true);
    c.set("dfs.permissions.superusergroup", "supergroup");
    c.set("dfs.datanode.hostname", "127.0.0.1");
    try (MiniDFSCluster m = new MiniDFSCluster.Builder(c).numDataNodes(1).nameNodePort(Integer.parseInt(a[1])).format(!data.exists()).build()) {
      m.waitActive();
      Path tmp = Paths.get(a[2] + ".tmp");
      Files.writeString(tmp, "127.0.0.1:" + m.getNameNodePort());
      Files.move(tmp, Paths.get(a[2]), StandardCopyOption.ATOMIC_MOVE);
      Thread.currentThread().join(); // until it is killed
    }
  }
}
