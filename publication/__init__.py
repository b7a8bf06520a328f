"""What leaves: releases, their files and their pages. It reads product cells only, and asks ``privacy`` what may be shown."""
