"""What aiohttp makes of the responses of http://127.0.0.1:PORT/0 to /COUNT-1, as JSON: fetch_aiohttp.py PORT COUNT"""

import asyncio
import hashlib
import json
import sys

import aiohttp


async def main(port, count):
    seen = {}
    async with aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=20)) as session:
        for number in range(count):
            try:
                async with session.get(f"http://127.0.0.1:{port}/{number}", allow_redirects=False) as answer:
                    seen[number] = [answer.status, hashlib.sha256(await answer.read()).hexdigest()]
            except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
                seen[number] = repr(error)
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
