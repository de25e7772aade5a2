"""deploy/kubernetes/roost.yaml: against the published schemas; what both programs say of the configuration in it."""

import copy
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
sys.path.append("/usr/lib/python3/dist-packages")  # an installed Python need not be Debian's

import yaml
from harness import BIN, ROOT, main, unittest

HERE = pathlib.Path(__file__).resolve().parent
# What Kubernetes sets in every pod for the services of the manifests, where enableServiceLinks is not false.
SERVICE_VARIABLES = {
    "ROOST_SERVICE_HOST": "10.0.0.1", "ROOST_PORT": "tcp://10.0.0.1:80", "ROOST_PORT_80_TCP_ADDR": "10.0.0.1",
    "ROOST_API_SERVICE_HOST": "10.0.0.2", "ROOST_API_SERVICE_PORT_HTTP": "9001",
    "ROOST_API_PORT": "tcp://10.0.0.2:9001", "ROOST_API_PORT_9001_TCP_PROTO": "tcp",
    "ROOST_PROXY_ADMIN_SERVICE_HOST": "10.0.0.3", "ROOST_PROXY_ADMIN_PORT": "tcp://10.0.0.3:8081",
    "ROOST_PROXY_SERVICE_HOST": "10.0.0.4", "ROOST_PROXY_PORT_8080_TCP": "tcp://10.0.0.4:8080"}


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


class Manifests(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="roost-manifests-"))
        self.addCleanup(shutil.rmtree, self.directory)
        text = (ROOT / "deploy/kubernetes/roost.yaml").read_text()
        self.objects = list(yaml.safe_load_all(text))

    def of(self, *kinds):
        return {each["metadata"]["name"]: each for each in self.objects if each["kind"] in kinds}

    def workloads(self):
        return self.of("Deployment", "StatefulSet")

    def validate(self, objects):
        return subprocess.run(["node", HERE / "validate.mjs"], input=json.dumps(objects), capture_output=True,
                              text=True, check=False, timeout=300)

    def test_they_are_what_the_schemas_say(self):
        done = self.validate(self.objects)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "8 objects, 0 mistakes\n")

    def test_a_mistake_would_be_seen(self):
        broken = copy.deepcopy(self.objects)
        workload = next(each for each in broken if each["kind"] == "StatefulSet")["spec"]
        workload["replicas"] = "two"
        workload["template"]["spec"]["terminationGracePeriodSecond"] = 3
        done = self.validate(broken)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("replicas", done.stdout)
        self.assertIn("terminationGracePeriodSecond", done.stdout)

    def test_both_programs_understand_the_configuration(self):
        config = self.directory / "roost.toml"
        text = self.of("ConfigMap")["roost"]["data"]["roost.toml"]
        config.write_text(text.replace("/run/secrets/roost", str(self.directory)))
        for name, workload in (("roost-proxy", "roost-proxy"), ("roost-api", "roost-api")):
            for links in ({}, SERVICE_VARIABLES):
                environment = {**self.environment(workload), **links}
                done = subprocess.run([BIN / name, "--config", config, "--print-config"], capture_output=True,
                                      text=True, check=False, env=environment)
                self.assertEqual(done.returncode, 0, done.stderr)
                for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"):
                    self.assertNotIn(address, done.stdout.replace("10.0.0.0/8", ""))

    def environment(self, workload):
        """Of the first container; secrets are files of this test's."""
        values = {}
        for each in self.container(workload)["env"]:
            value = each.get("value")
            if each["name"].endswith("_FILE"):
                file = self.directory / pathlib.Path(value).name
                file.write_text("postgres://roost@db/roost\n" if "url" in value else "secret\n")
                value = str(file)
            values[each["name"]] = value or "worker-0"
        return values

    def container(self, workload):
        return self.workloads()[workload]["spec"]["template"]["spec"]["containers"][0]

    def test_names_fit_together(self):
        services = self.of("Service")
        for name, workload in self.workloads().items():
            labels = workload["spec"]["template"]["metadata"]["labels"]
            self.assertEqual(workload["spec"]["selector"]["matchLabels"].items() - labels.items(), set())
            self.assertEqual(self.of("PodDisruptionBudget")[name]["spec"]["selector"], workload["spec"]["selector"])
        config = self.of("ConfigMap")["roost"]["data"]["roost.toml"]
        for key, name, workload in (("upstream", "roost-api", "roost-api"),
                                    ("proxies", "roost-proxy-admin", "roost-proxy")):
            address = re.search(rf'(?m)^{key} = \["([\w-]+):(\d+)"\]$', config)
            self.assertEqual(address[1], name)
            port = services[name]["spec"]["ports"][0]
            self.assertEqual((services[name]["spec"]["clusterIP"], port["port"]), ("None", int(address[2])))
            ports = {each["name"]: each["containerPort"] for each in self.container(workload)["ports"]}
            self.assertEqual(ports[port["targetPort"]], port["port"])
            labels = self.workloads()[workload]["spec"]["template"]["metadata"]["labels"]
            self.assertEqual(services[name]["spec"]["selector"].items() - labels.items(), set())

    def test_a_pod_drains_before_it_is_killed(self):
        config = self.of("ConfigMap")["roost"]["data"]["roost.toml"]
        drains = dict(zip(["roost-proxy", "roost-api"], map(seconds, re.findall(r'drain_timeout = "(\w+)"', config)),
                          strict=True))
        for name, workload in self.workloads().items():
            pod = workload["spec"]["template"]["spec"]
            pause = int(self.container(name)["lifecycle"]["preStop"]["exec"]["command"][1])
            self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], pause + drains[name] + 5, name)

    def test_pods_are_closed(self):
        for name, workload in self.workloads().items():
            pod, container = workload["spec"]["template"]["spec"], self.container(name)
            self.assertIs(pod["enableServiceLinks"], False)
            self.assertIs(pod["automountServiceAccountToken"], False)
            self.assertIs(pod["securityContext"]["runAsNonRoot"], True)
            self.assertEqual(container["securityContext"], {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                self.assertIn("httpGet", container[probe])


if __name__ == "__main__":
    main()
