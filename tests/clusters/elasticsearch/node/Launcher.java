package mlgate.node;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.KeyStoreWrapper;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;

/**
 * Runs one node inside this JVM: {@code Launcher HOME WORK [setting=value ...] [watch-pid=PID]}.
 * HOME holds the modules, is shared and only read; WORK holds everything that belongs to this node.
 */
public final class Launcher {
    private static final String SUPERUSER_PASSWORD = "elasticpw";

    public static void main(String[] args) throws Exception {
        Map<String, String> given = new LinkedHashMap<>();
        for (int i = 2; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            given.put(pair[0], pair[1]);
        }
        String watched = given.remove("watch-pid");
        if (watched != null) {
            endWith(Long.parseLong(watched));
        }

        Environment environment = environment(Path.of(args[0]), Path.of(args[1]), given);
        Node node = new Node(environment, Compat.plugins(environment));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        new CountDownLatch(1).await();
    }

    private static Environment environment(Path home, Path work, Map<String, String> given) throws Exception {
        LogConfigurator.registerErrorListener();
        KeyStoreWrapper secrets = KeyStoreWrapper.create(); // stays in memory
        secrets.setString("bootstrap.password", SUPERUSER_PASSWORD.toCharArray());
        Settings paths = Settings.builder()
            .put("path.home", home.toString())
            .put("path.data", work.resolve("data").toString())
            .put("path.logs", work.resolve("logs").toString())
            .setSecureSettings(secrets)
            .build();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(paths, given, work.resolve("config"), () -> "n1");
        LogConfigurator.configure(environment, true);
        return environment;
    }

    /** A test that is killed cannot stop its node, so the node looks after itself. */
    private static void endWith(long pid) {
        ProcessHandle process = ProcessHandle.of(pid).orElse(null);
        Thread watcher = new Thread(() -> {
            while (process != null && process.isAlive()) {
                pause(1);
            }
            Thread hard = new Thread(() -> { pause(15); Runtime.getRuntime().halt(1); });
            hard.setDaemon(true);
            hard.start();
            System.exit(0);
        }, "watch-pid");
        watcher.setDaemon(true);
        watcher.start();
    }

    private static void pause(int seconds) {
        try {
            TimeUnit.SECONDS.sleep(seconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (Exception e) {
            e.printStackTrace();
        }
    }
}
