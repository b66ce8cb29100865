"""A small bot on the real discord.py for testing the stand-in. It answers in every possible way."""

import asyncio
import io
from typing import Any

import discord
from discord import app_commands

from kleinbot.sandbox.rules.picture_facts import plain_png

PNG = plain_png(64, 48, (200, 30, 30))


class Again(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", custom_id="again")
    async def again(self, interaction: discord.Interaction, _button: object) -> None:
        await interaction.response.edit_message(content="pressed")
        await interaction.followup.send("and one more", file=picture("more.png"), ephemeral=True)

    @discord.ui.button(label="Edit", custom_id="edit")
    async def edit(self, interaction: discord.Interaction, _button: object) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.button(label="Off", custom_id="off", disabled=True)
    async def off(self, interaction: discord.Interaction, _button: object) -> None:
        raise NotImplementedError

    @discord.ui.select(
        custom_id="aspect",
        placeholder="Shape of the picture",
        options=[
            discord.SelectOption(label="Wide", value="16:9"),
            discord.SelectOption(label="Square", value="1:1"),
        ],
    )
    async def aspect(self, interaction: discord.Interaction, menu: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message(f"picked {menu.values}", ephemeral=True)

    @discord.ui.select(
        custom_id="paper",
        placeholder="Paper",
        options=[discord.SelectOption(label="Wide", value="a wide sheet")],
    )
    async def paper(self, interaction: discord.Interaction, menu: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message(f"picked {menu.values}", ephemeral=True)


class Form(discord.ui.Modal, title="Edit the picture"):
    prompt: discord.ui.Label[Any] = discord.ui.Label(
        text="Prompt", component=discord.ui.TextInput(custom_id="prompt", max_length=50)
    )
    style: discord.ui.Label[Any] = discord.ui.Label(
        text="Style",
        component=discord.ui.RadioGroup(
            custom_id="style",
            options=[
                discord.RadioGroupOption(label="Oil", value="o"),
                discord.RadioGroupOption(label="Ink", value="i"),
            ],
        ),
    )
    upload: discord.ui.Label[Any] = discord.ui.Label(
        text="Picture", component=discord.ui.FileUpload(custom_id="upload", required=False, max_values=2)
    )

    def __init__(self) -> None:
        super().__init__(custom_id="form", timeout=60)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        prompt, style, upload = self.prompt.component, self.style.component, self.upload.component
        assert isinstance(prompt, discord.ui.TextInput)
        assert isinstance(style, discord.ui.RadioGroup)
        assert isinstance(upload, discord.ui.FileUpload)
        sizes = [len(await each.read()) for each in upload.values]
        text = f"{prompt.value} in {style.value} with {sizes}"
        await interaction.response.send_message(text)


def picture(name: str = "fox.png", alt: str | None = "a fox") -> discord.File:
    return discord.File(io.BytesIO(PNG), name, description=alt)


def gallery(text: str, *files: discord.File) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView(timeout=None)
    container: discord.ui.Container[Any] = discord.ui.Container(discord.ui.TextDisplay(text))
    container.add_item(
        discord.ui.MediaGallery(
            *(discord.MediaGalleryItem(each.uri, description=each.description) for each in files)
        )
    )
    view.add_item(container)
    return view


class DemoBot(discord.Client):
    def __init__(self, **options: Any) -> None:
        super().__init__(intents=discord.Intents(guilds=True), max_messages=None, **options)
        self.tree = app_commands.CommandTree(self)
        self.errors: list[BaseException] = []
        self.kept: asyncio.Queue[discord.Interaction] = asyncio.Queue()

    async def setup_hook(self) -> None:
        register(self)
        self.tree.error(self.note_error)
        await self.tree.sync()

    async def keeps(self) -> discord.Interaction:
        """Return the next interaction of ``later`` or ``act``, for a test to answer itself."""
        async with asyncio.timeout(5):
            return await self.kept.get()

    async def note_error(
        self, _interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        self.errors.append(getattr(error, "original", error))


def register(bot: DemoBot) -> None:
    tree = bot.tree

    @tree.command(description="Make a picture")
    @app_commands.describe(image="an image")
    async def imagine(
        interaction: discord.Interaction,
        prompt: app_commands.Range[str, 1, 100],
        count: app_commands.Range[int, 1, 4] = 1,
        image: discord.Attachment | None = None,
        friend: discord.Member | None = None,
        place: discord.TextChannel | None = None,
        exact: bool = False,
        strength: float = 0.5,
    ) -> None:
        await interaction.response.defer()
        size = None if image is None else (len(await image.read()), image.width, image.height)
        names = (friend and friend.name, place and place.name)
        text = f"{prompt} x{count} {size} {names} {exact} {strength}"
        await interaction.edit_original_response(content=text, attachments=[picture()], view=Again())

    @imagine.autocomplete("prompt")
    async def complete(_interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{typed} {n}", value=f"{typed}-{n}") for n in range(25)]

    @tree.command(description="A gallery")
    async def show(interaction: discord.Interaction, private: bool = False) -> None:
        await interaction.response.send_message("in line", ephemeral=private)
        files = [picture("one.png", "the first"), picture("two.png", "the second")]
        await interaction.edit_original_response(
            content=None, view=gallery("done", *files), attachments=files
        )

    @tree.command(description="Answer later")
    async def later(interaction: discord.Interaction) -> None:
        bot.kept.put_nowait(interaction)
        await interaction.response.send_message("working")

    quota = app_commands.Group(
        name="quota", description="Quotas", default_permissions=discord.Permissions(manage_guild=True)
    )

    @quota.command(description="Give")
    async def give(
        interaction: discord.Interaction, member: discord.Member, mode: app_commands.Transform[str, Mode]
    ) -> None:
        await interaction.response.send_message(f"{member.name} {mode}", ephemeral=True)

    tree.add_command(quota)

    @tree.context_menu(name="Show recipe")
    async def recipe(interaction: discord.Interaction, message: discord.Message) -> None:
        names = [each.filename for each in message.attachments]
        await interaction.response.send_message(f"{message.content} {names}", ephemeral=True)

    @tree.context_menu(name="Profile")
    async def profile(interaction: discord.Interaction, user: discord.Member) -> None:
        await interaction.response.send_message(f"{user.name} {len(await user.display_avatar.read())}")

    @tree.command(description="Do as the test says")
    async def act(interaction: discord.Interaction) -> None:
        bot.kept.put_nowait(interaction)


class Mode(app_commands.Transformer):
    @property
    def choices(self) -> list[app_commands.Choice[int | float | str]]:
        return [app_commands.Choice(name="Much", value="m"), app_commands.Choice(name="Little", value="l")]

    async def transform(self, _interaction: discord.Interaction, value: str) -> str:
        return value
