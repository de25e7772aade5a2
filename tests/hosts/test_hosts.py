"""Workers and proxies on several hosts before one PostgreSQL: a host cut off and brought back, the standby promoted."""

from stack import *


class ManyHosts(HostsTest):
    def setUp(self):
        super().setUp()
        self.edges = [self.network.host(f"edge-{i}") for i in (1, 2)]
        self.apis = [self.network.host(f"api-{i}") for i in (1, 2)]
        self.admins = [f"{edge.address}:8081" for edge in self.edges]

    def start(self, environment=None):
        self.workers = self.ready(*[self.worker(host, environment=environment) for host in self.apis])
        self.fronts = [self.front(edge, [worker.address for worker in self.workers]) for edge in self.edges]

    def test_likes_through_two_proxies_and_two_workers_arrive_once(self):
        self.start()
        person = Person(self.fronts[0].address, "alice")
        tweets = [person.post(f"tweet {i}")["id"] for i in range(4)]
        book = Book()
        fans = Fans(book, tweets[:2], lambda: [front.address for front in self.fronts], tweets[2:])
        wait_until(lambda: book.total() > 500, 60, "likes")
        fans.stop()
        self.assertEqual(book.wrong, [])
        wait_until(lambda: self.stored(tweets) == book.acknowledged, 60, "all likes in the database")


if __name__ == "__main__":
    main()
